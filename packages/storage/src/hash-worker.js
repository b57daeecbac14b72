// A thread that opens, reads and hashes pieces by itself: only paths go in and digests come out, never the bytes.
// Plain JavaScript, so that a Worker can start it from `src` as well as from the bundle.
//
// In:  { id, kind, cancel, paths, runs, counts, leaves } as in hash-batch.ts
// Out: { id, digests, found } or { id, failure }

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { hashBatch } from './hash-files.js'

const calls = { closeSync, fstatSync, openSync, readSync }

parentPort?.on('message', (batch) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(hashBatch(batch, calls))
})
