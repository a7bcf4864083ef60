/** Bytes of the parts of a packet, rounded up: what a reply may say is decided before it is encoded. */

/** A reply without nodes, peers, samples and items. */
export const REPLY_BYTES = 120;
/** A node, of the longer family: IPv6. */
export const CONTACT_BYTES = 38;
/** A peer, of the longer family. */
export const PEER_BYTES = 21;
/** The names of an item's keys, its `seq`, and what stands around them. */
export const ITEM_KEYS_BYTES = 50;
/** Both filters of a scrape (BEP 33). */
export const FILTERS_BYTES = 532;
