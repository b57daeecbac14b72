import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '../random.ts'

const span = 2 ** 47

/** Cryptographically strong: peer ids, transaction ids and keys come from here. */
export const systemRandom: Random = {
  next: () => randomInt(span) / span,
  bytes: (length) => new Uint8Array(randomBytes(length)),
}
