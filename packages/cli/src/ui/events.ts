/** What a Mainline node announces, under a short name. */
import type { Announcement, StreamEvent, Subscription } from '@xorrery/coordinator';
import type { Mainline } from '@xorrery/mainline';

export type MainlineEvent = Announcement<Mainline>;
export type MainlineEvents = Subscription<StreamEvent<Mainline>>;
