// A thread that writes, syncs and looks at many small files, call by call and at once, where each call of its own through the thread
// pool would cost ten times as much. Plain JavaScript, as `hash-worker.js`.
//
// In:  { id, kind: 'write', root, paths, lengths, positions, limits, known, bytes } – bytes one behind the other, given away by the sender
//      { id, kind: 'sync', root, paths }, { id, kind: 'look', paths } or { id, kind: 'read', paths, most }
// Out: { id, done, bytes } – 1 for each path that is done; the bytes come back –, { id, found } as `FileBatches.sync` and `look`, or
//      { id, bytes, lengths }, one file behind the other and -1 for each that was not read

import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { perform } from './disk-calls.js'

const calls = {
  closeSync,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync: realpathSync.native,
  statSync,
  writeSync,
}

parentPort?.on('message', (batch) => {
  const { bytes, ...reply } = perform(batch, calls)
  const transfer = bytes === undefined ? [] : [bytes.buffer]
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ id: batch.id, ...reply, bytes }, transfer)
})
