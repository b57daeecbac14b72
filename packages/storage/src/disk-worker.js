// A thread that makes, syncs and looks at many small files, call by call and at once, where each call of its own through the thread
// pool would cost ten times as much. Plain JavaScript with nothing but node builtins, as `hash-worker.js`.
//
// In:  { id, kind: 'make', paths, lengths, positions, bytes } – bytes one behind the other, given away by the sender
//      { id, kind: 'sync' | 'look', paths } or { id, kind: 'read', paths, most }
// Out: { id, done, bytes } – 1 for each path that is done; the bytes come back –, { id, found } as `FileBatches.look`, or
//      { id, bytes, lengths }, one file behind the other and -1 for each that was not read
// It gives up what is left when the disk is slow: waiting is for the thread pool, where several wait at once.

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'

/** A disk is slow when that many files of a batch took so many milliseconds each; a thread that waits for a core does so once or twice. */
const SLOW_FILES = 8
const SLOW = { make: 10, sync: 2, look: 10, read: 10 }
const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const guards = constants.O_RDWR | careful
const making = guards | constants.O_CREAT | constants.O_EXCL

parentPort?.on('message', (batch) => {
  const { id, kind, bytes } = batch
  if (kind === 'look') answer({ id, found: look(batch) })
  else if (kind === 'read') {
    const { contents, lengths } = read(batch)
    answer({ id, bytes: contents, lengths }, [contents.buffer])
  } else if (kind === 'sync') answer({ id, done: sync(batch) })
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

function read({ paths, most }) {
  const lengths = new Int32Array(paths.length).fill(-1)
  const pace = new Pace(SLOW.read)
  let contents = new Uint8Array(paths.length * 512)
  let at = 0
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      const file = openSync(paths[i], constants.O_RDONLY | careful)
      try {
        const { size } = fstatSync(file)
        if (size > most) continue
        if (at + size > contents.length) contents = grown(contents, at + size)
        if (size === 0 || readSync(file, contents, at, size, 0) === size) {
          lengths[i] = size
          at += size
        }
      } finally {
        closeSync(file)
      }
    } catch {}
  }
  return { contents, lengths }
}

function grown(bytes, length) {
  const larger = new Uint8Array(Math.max(length, bytes.length * 2))
  larger.set(bytes)
  return larger
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
