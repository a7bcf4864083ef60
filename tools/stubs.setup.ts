/**
 * The core is a function of its events: while its tests run, every clock, timer, die and key of the host throws when the
 * core itself asks for it (X01). The test runner, which needs them, goes on using them.
 */
const FORBIDDEN = /packages[\\/]core[\\/](src|dist)[\\/]/;

const denied = new Set<string>();

const deny = (owner: object, name: string): void => {
  const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
  if (typeof original !== 'function') return;
  const guard = function (this: unknown, ...args: unknown[]): unknown {
    const asker = (new Error().stack ?? '').split('\n')[2] ?? '';
    if (!FORBIDDEN.test(asker))
      return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args);
    throw new Error(`the core asked for ${name}`);
  };
  Object.setPrototypeOf(guard, original);
  guard.prototype = original.prototype;
  Object.defineProperty(owner, name, { value: guard, configurable: true, writable: true });
  denied.add(name);
};

for (const name of ['Date', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'])
  deny(globalThis, name);
deny(Date, 'now');
deny(Math, 'random');
deny(performance, 'now');
deny(crypto, 'getRandomValues');
deny(crypto, 'randomUUID');

/** What throws when the core asks for it. */
export const DENIED: ReadonlySet<string> = denied;
