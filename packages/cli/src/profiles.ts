/** The protocols whose traces can be run here, by the name in the header, and what their settings are by default. */
import { DEFAULT_NODE } from '@xorrery/core';
import { KV_DEFAULTS, kv } from '@xorrery/kv';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { generic } from '@xorrery/simulator';
import { type AnyMachine, type AnyProfile, type Header, machineFor, TraceError } from '@xorrery/trace';

interface Known {
  readonly profile: AnyProfile;
  /** What `shrink` moves a configuration to. */
  readonly defaults: object;
}

const PROFILES: Readonly<Record<string, Known>> = {
  mainline: { profile: mainline, defaults: MAINLINE_DEFAULTS },
  kv: { profile: kv, defaults: KV_DEFAULTS },
  generic: { profile: generic, defaults: DEFAULT_NODE },
};

/** What runs a trace. Throws `TraceError` for a protocol that is not known here, or another version of it. */
export function runnerOf(header: Header): { readonly machine: AnyMachine; readonly defaults: object } {
  const { name } = header.profile;
  const known = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  if (known === undefined) throw new TraceError('profile', `it is of '${name}', which is not known here`);
  return { machine: machineFor(header, known.profile), defaults: known.defaults };
}
