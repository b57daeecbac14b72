// A thread that hashes pieces where they lie: it opens and reads files by itself, and looks into memory that it shares with whoever asks.
// Only names and places go in and digests come out, never the bytes.
// Plain JavaScript, so that a Worker can start it from `src` as well as from the bundle.
//
// In:  { id, kind, cancel, paths, runs, counts, leaves } as in hash-batch.ts, or { id, kind, leaves, buffers, spans } as in blocks-in-memory.ts
// Out: { id, digests, found } or { id, failure }

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { hashBatch } from './hash-files.js'
import { hashMemory } from './hash-memory.js'

const calls = { closeSync, fstatSync, openSync, readSync }

parentPort?.on('message', (batch) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(batch.buffers === undefined ? hashBatch(batch, calls) : hashMemory(batch))
})
