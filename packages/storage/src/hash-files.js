// Opens, reads and hashes the pieces of a batch, call by call: what `hash-worker.js` does in its thread. Plain JavaScript that
// needs node builtins only, so that a thread can start it from `src` as well as from the bundle.
//
// It reads 512 KiB at a time into one buffer, which stays in a core's own cache until it is hashed (a third less system time than with
// 1 MiB), and looks at `cancel` before each read.

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { MerkleRoot } from './merkle-root.js'

const LENGTHS = { sha1: 20, 'merkle-sha256': 32, both: 52 }
const MISSING = new Set(['ENOENT', 'ENOTDIR'])
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const buffer = Buffer.allocUnsafeSlow(524_288)

/**
 * A reply as `hash-worker.js` posts it. `calls` are `openSync`, `fstatSync`, `readSync` and `closeSync` of node:fs.
 * @param {any} batch
 * @param {any} calls
 * @returns {any}
 */
export function hashBatch(batch, calls) {
  const { id, kind, cancel, runs, counts, leaves } = batch
  const length = LENGTHS[kind]
  const digests = new Uint8Array(counts.length * length)
  const found = new Uint8Array(counts.length)
  const files = new Files(batch.paths, calls)
  let run = 0
  try {
    for (let i = 0; i < counts.length; i++) {
      const digest = hashPiece(kind, leaves[i], files, runs.subarray(run * 3, (run + counts[i]) * 3), cancel)
      run += counts[i]
      if (digest === undefined) continue
      digests.set(digest, i * length)
      found[i] = 1
    }
    return { id, digests, found }
  } catch (error) {
    return { id, failure: { code: error.code ?? 'HASH_FAILED', message: error.message, path: files.current } }
  } finally {
    files.close()
  }
}

/** The digest of a piece, or undefined when its bytes are not all there. */
function hashPiece(kind, leaves, files, runs, cancel) {
  const sha1 = kind === 'merkle-sha256' ? undefined : createHash('sha1')
  const merkle = kind === 'sha1' ? undefined : new MerkleRoot(leaves)
  let filled = 0
  // Bytes of the buffer that are padding: it is only ever the end of a piece that merkle roots are taken of.
  let padding = 0
  const flush = () => {
    sha1?.update(buffer.subarray(0, filled))
    // Leaves are cut from the start of the buffer, so only a piece's last update may be anything but whole blocks.
    merkle?.update(buffer.subarray(0, filled - padding))
    filled = 0
    padding = 0
  }
  for (let i = 0; i < runs.length; i += 3) {
    const fd = runs[i] < 0 ? -1 : files.open(runs[i])
    if (fd === undefined) return undefined
    let position = runs[i + 1]
    for (let left = runs[i + 2]; left > 0; ) {
      if (Atomics.load(cancel, 0) !== 0) throw Object.assign(new Error('cancelled'), { code: 'CANCELLED' })
      const wanted = Math.min(left, buffer.length - filled)
      const count = fd < 0 ? zeros(filled, wanted) : files.read(fd, buffer, filled, wanted, position)
      if (count === 0) return undefined
      filled += count
      if (fd < 0) padding += count
      position += count
      left -= count
      if (filled === buffer.length) flush()
    }
  }
  if (filled > 0) flush()
  return kind === 'both' ? Buffer.concat([sha1.digest(), merkle.digest()]) : (sha1 ?? merkle).digest()
}

function zeros(at, length) {
  buffer.fill(0, at, at + length)
  return length
}

/** One open file at a time: pieces come in order. */
class Files {
  #paths
  #calls
  #index = -1
  #fd
  #missing = new Set()

  constructor(paths, calls) {
    this.#paths = paths
    this.#calls = calls
  }

  get current() {
    return this.#paths[this.#index]
  }

  open(index) {
    if (index === this.#index && this.#fd !== undefined) return this.#fd
    if (this.#missing.has(index)) return undefined
    this.close()
    this.#index = index
    try {
      this.#fd = this.#calls.openSync(this.#paths[index], flags)
    } catch (error) {
      if (!MISSING.has(error.code)) throw error
      this.#missing.add(index)
      return undefined
    }
    if (!this.#calls.fstatSync(this.#fd).isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
    return this.#fd
  }

  read(fd, into, at, length, position) {
    return this.#calls.readSync(fd, into, at, length, position)
  }

  close() {
    const fd = this.#fd
    this.#fd = undefined
    try {
      if (fd !== undefined) this.#calls.closeSync(fd)
    } catch {
      // Nothing was written to it: a failure to close takes nothing back of what was read.
    }
  }
}
