/** What nodes announce, under short names. */
import type { Announcement, StreamEvent, Subscription } from '@xorrery/coordinator';
import type { Protocol } from '@xorrery/core';
import type { Mainline } from '@xorrery/mainline';

/** Of a node of any protocol. */
export type AnyEvent = Announcement<Protocol>;
export type MainlineEvent = Announcement<Mainline>;
export type MainlineEvents = Subscription<StreamEvent<Mainline>>;
