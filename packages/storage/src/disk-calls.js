// Makes, syncs, reads and looks at many small files, call by call and at once: what `disk-worker.js` does in its thread. Plain
// JavaScript with nothing but node builtins, so that a thread can start it from `src` as well as from `dist`.
//
// It gives up what is left when the disk is slow: waiting is for the thread pool, where several wait at once. So it does at a fault,
// which whoever asked meets again where it can be told.

import { constants } from 'node:fs'
import { dirname } from 'node:path'

/** A disk is slow when that many files of a batch took so many milliseconds each; a thread that waits for a core does so once or twice. */
const SLOW_FILES = 8
const SLOW = { make: 10, sync: 2, look: 10, read: 10 }
const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const guards = constants.O_RDWR | careful
const making = guards | constants.O_CREAT | constants.O_EXCL

/**
 * What `disk-worker.js` answers, without the `id`. `calls` are the functions of node:fs that are used here. Never throws.
 * @param {any} batch
 * @param {any} calls
 * @returns {any}
 */
export function perform(batch, calls) {
  const { kind, bytes } = batch
  if (kind === 'look') return { found: look(calls, batch) }
  if (kind === 'read') return read(calls, batch)
  if (kind === 'sync') return { done: sync(calls, batch) }
  return { done: make(calls, batch), bytes }
}

function make(calls, { paths, lengths, positions, bytes }) {
  const done = new Uint8Array(paths.length)
  const pace = new Pace(SLOW.make)
  let at = 0
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      makeFile(calls, paths[i], bytes, at, at + lengths[i], positions[i])
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

function makeFile(calls, path, bytes, start, end, position) {
  const file = calls.openSync(path, making, 0o666)
  try {
    for (let at = start; at < end; ) {
      const count = calls.writeSync(file, bytes, at, end - at, position + at - start)
      if (count === 0) throw new Error('the system takes no more bytes')
      at += count
    }
  } finally {
    calls.closeSync(file)
  }
}

function sync(calls, { paths }) {
  const done = new Uint8Array(paths.length)
  const pace = new Pace(SLOW.sync)
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      syncFile(calls, paths[i])
      done[i] = 1
    } catch {}
  }
  return done
}

function syncFile(calls, path) {
  const file = calls.openSync(path, guards)
  try {
    calls.fdatasyncSync(file)
  } finally {
    calls.closeSync(file)
  }
}

function look(calls, { paths }) {
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
    try {
      const stats = statOf(calls.lstatSync, paths[i])
      if (stats === undefined && statOf(calls.statSync, directory) === undefined) gone = directory
      found[2 * i] = stats?.isFile() === true ? stats.size : -1
      found[2 * i + 1] = stats?.mtimeMs ?? 0
    } catch {
      // Nobody can tell what is there, which is not the same as nothing.
      break
    }
  }
  return found
}

function read(calls, { paths, most }) {
  const lengths = new Int32Array(paths.length).fill(-1)
  const pace = new Pace(SLOW.read)
  let contents = new Uint8Array(paths.length * 512)
  let at = 0
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      const file = calls.openSync(paths[i], constants.O_RDONLY | careful)
      try {
        const { size } = calls.fstatSync(file)
        if (size > most) continue
        if (at + size > contents.length) contents = grown(contents, at + size)
        if (size === 0 || calls.readSync(file, contents, at, size, 0) === size) {
          lengths[i] = size
          at += size
        }
      } finally {
        calls.closeSync(file)
      }
    } catch {}
  }
  return { bytes: contents, lengths }
}

function grown(bytes, length) {
  const larger = new Uint8Array(Math.max(length, bytes.length * 2))
  larger.set(bytes)
  return larger
}

/** Undefined when there is nothing. `stat` is `lstatSync` or `statSync`. */
function statOf(stat, path) {
  try {
    return stat(path, { throwIfNoEntry: false })
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined
    throw error
  }
}
