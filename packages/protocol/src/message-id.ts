// The byte behind the length prefix. Named by the BEP that introduced it.

/** Message ids of BEP 3, 5, 6, 10 and 52. */
export const MESSAGE_IDS = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  'not-interested': 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  /** BEP 5 */
  port: 9,
  /** BEP 6 */
  suggest: 13,
  'have-all': 14,
  'have-none': 15,
  reject: 16,
  'allowed-fast': 17,
  /** BEP 10 */
  extended: 20,
  /** BEP 52 */
  'hash-request': 21,
  hashes: 22,
  'hash-reject': 23,
} as const

const known: readonly boolean[] = Array.from({ length: 256 }, (_, id) =>
  (Object.values(MESSAGE_IDS) as number[]).includes(id),
)

/** True when a BEP above names `id`, so that it never travels as an `unknown` message. */
export function isKnownMessageId(id: number): boolean {
  return known[id] === true
}
