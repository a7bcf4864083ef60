/** Bytes of the parts of a packet, rounded up: what a reply may say is decided before it is encoded. */

/** An error without its text, with the longest transaction id we echo. */
export const ERROR_BYTES = 72;
/** A reply without nodes, peers, samples and items, with the longest transaction id, to an IPv6 address. */
export const REPLY_BYTES = 150;
/** What comes with samples. */
export const SAMPLES_BYTES = 24;
/** A node, of the longer family: IPv6. */
export const CONTACT_BYTES = 38;
/** A peer, of the longer family. */
export const PEER_BYTES = 21;
/** The names of an item's keys, its `seq`, and what stands around them. */
export const ITEM_KEYS_BYTES = 50;
/** Both filters of a scrape (BEP 33). */
export const FILTERS_BYTES = 532;
