// The least that a Node.js program can do to verify a v2 torrent with two threads (BEP 52): each takes the next piece, reads it and hashes its
// blocks and their tree. Tells how many pieces are wrong by its exit code.
import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { readConfig } from '../config.js'
import { readTorrent } from './torrent.js'

const BLOCK = 16_384
const THREADS = 2
/** The hash of a block that is not there. */
const NOTHING = '\0'.repeat(32)

if (isMainThread) {
  const { file, directory } = await readConfig()
  const { info, 'piece layers': layers } = readTorrent(file)
  const pieceLength = info['piece length']
  /** Of each piece: its path, position, length, leaves and digest. */
  const pieces = []
  const walk = (tree, path) => {
    const found = tree['']
    if (found === undefined) {
      for (const [name, below] of Object.entries(tree)) walk(below, `${path}/${Buffer.from(name, 'latin1')}`)
      return
    }
    const { length, 'pieces root': root } = found
    const isOne = length <= pieceLength
    const layer = isOne ? root : layers[root.latin1Slice()]
    const leaves = isOne ? 2 ** Math.ceil(Math.log2(Math.ceil(length / BLOCK))) : pieceLength / BLOCK
    for (let at = 0; at < length; at += pieceLength) {
      const digest = layer.latin1Slice((32 * at) / pieceLength, (32 * at) / pieceLength + 32)
      pieces.push([path, at, Math.min(pieceLength, length - at), leaves, digest])
    }
  }
  walk(info['file tree'], join(directory, info.name.toString()))
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const threads = Array.from(
    { length: THREADS },
    () => new Worker(new URL(import.meta.url), { workerData: { pieces, pieceLength, shared } }),
  )
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))))
  process.exit(Math.min(shared[1], 1))
} else {
  const { pieces, pieceLength, shared } = workerData
  const into = Buffer.alloc(pieceLength)
  let [open, descriptor] = ['', -1]
  for (let next = Atomics.add(shared, 0, 1); next < pieces.length; next = Atomics.add(shared, 0, 1)) {
    const [path, at, length, leaves, digest] = pieces[next]
    if (open !== path) {
      if (descriptor >= 0) closeSync(descriptor)
      ;[open, descriptor] = [path, openSync(path, 'r')]
    }
    const read = readSync(descriptor, into, 0, length, at)
    const level = Array.from({ length: leaves }, () => NOTHING)
    for (let block = 0; block * BLOCK < read; block++) {
      level[block] = hash('sha256', into.subarray(block * BLOCK, Math.min(read, (block + 1) * BLOCK)), 'latin1')
    }
    for (let width = leaves; width > 1; width /= 2) {
      for (let pair = 0; pair < width / 2; pair++) {
        level[pair] = hash('sha256', Buffer.from(level[2 * pair] + level[2 * pair + 1], 'latin1'), 'latin1')
      }
    }
    if (read !== length || level[0] !== digest) Atomics.add(shared, 1, 1)
  }
}
