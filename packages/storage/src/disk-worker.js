// A thread that makes, syncs and looks at many small files, call by call and at once, where each call of its own through the thread
// pool would cost ten times as much. Plain JavaScript with nothing but node builtins, as `hash-worker.js`.
//
// In:  { id, kind: 'make', paths, lengths, positions, bytes } – bytes one behind the other, given away by the sender
//      { id, kind: 'sync' | 'look', paths }
// Out: { id, done, bytes } – 1 for each path that is done; the bytes come back – or { id, found } as `FileBatches.look`
// It gives up what is left when the disk is slow: waiting is for the thread pool, where several wait at once.

import { closeSync, constants, fdatasyncSync, lstatSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'

/** A disk is slow when that many files of a batch took so many milliseconds each; a thread that waits for a core does so once or twice. */
const SLOW_FILES = 8
const SLOW = { make: 10, sync: 2, look: 10 }
const guards = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const making = guards | constants.O_CREAT | constants.O_EXCL

parentPort?.on('message', (batch) => {
  const { id, kind, bytes } = batch
  if (kind === 'look') answer({ id, found: look(batch) })
  else if (kind === 'sync') answer({ id, done: sync(batch) })
  else answer({ id, done: make(batch), bytes }, [bytes.buffer])
})

function answer(reply, transfer) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(reply, transfer)
}

function make({ paths, lengths, positions, bytes }) {
  const done = new Uint8Array(paths.length)
  const pace = new Pace(SLOW.make)
  let at = 0
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      makeFile(paths[i], bytes, at, at + lengths[i], positions[i])
      done[i] = 1
    } catch (error) {
      if (error.code !== 'EEXIST') break
    }
    at += lengths[i]
  }
  return done
}

class Pace {
  #limit
  #last = performance.now()
  #slow = 0

  constructor(limit) {
    this.#limit = limit
  }

  /** Asked before each file. */
  isGood() {
    const now = performance.now()
    if (now - this.#last > this.#limit) this.#slow++
    this.#last = now
    return this.#slow < SLOW_FILES
  }
}

function makeFile(path, bytes, start, end, position) {
  const file = openSync(path, making, 0o666)
  try {
    for (let at = start; at < end; ) {
      const count = writeSync(file, bytes, at, end - at, position + at - start)
      if (count === 0) throw new Error('the system takes no more bytes')
      at += count
    }
  } finally {
    closeSync(file)
  }
}

function sync({ paths }) {
  const done = new Uint8Array(paths.length)
  const pace = new Pace(SLOW.sync)
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      syncFile(paths[i])
      done[i] = 1
    } catch {}
  }
  return done
}

function syncFile(path) {
  const file = openSync(path, guards)
  try {
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}

function look({ paths }) {
  const found = new Float64Array(2 * paths.length).fill(Number.NaN)
  const pace = new Pace(SLOW.look)
  /** The last directory that turned out to be missing: nothing in it needs a look of its own. */
  let gone
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    const directory = dirname(paths[i])
    if (directory === gone) {
      found[2 * i] = -1
      continue
    }
    const stats = statOf(paths[i])
    found[2 * i] = stats?.isFile() === true ? stats.size : -1
    found[2 * i + 1] = stats?.mtimeMs ?? 0
    if (stats === undefined && !exists(directory)) gone = directory
  }
  return found
}

function statOf(path) {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function exists(directory) {
  try {
    return statSync(directory, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
