// Hashes a piece whose blocks lie in memory that threads share: what `hash-worker.js` does with those. Plain JavaScript, as `hash-files.js`.

import { createHash } from 'node:crypto'
import { MerkleRoot } from './merkle-root.js'

/**
 * A reply as `hash-worker.js` posts it.
 * @param {any} piece
 * @returns {any}
 */
export function hashMemory({ id, kind, leaves, buffers, spans }) {
  const hash = kind === 'sha1' ? createHash('sha1') : new MerkleRoot(leaves)
  for (let at = 0; at < spans.length; at += 3) {
    hash.update(new Uint8Array(buffers[spans[at]], spans[at + 1], spans[at + 2]))
  }
  return { id, digests: new Uint8Array(hash.digest()), found: Uint8Array.of(1) }
}
