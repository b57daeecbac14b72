// Writes, syncs, reads and looks at many small files, call by call and at once: what `disk-worker.js` does in its thread. Plain
// JavaScript with nothing but node builtins, so that a thread can start it from `src` as well as from the bundle.
//
// It gives up what is left when the disk is slow: waiting is for the thread pool, where several wait at once. So it does at a fault,
// which whoever asked meets again where it can be told.

import { constants } from 'node:fs'
import { dirname, sep } from 'node:path'

/** A disk is slow when that many files of a batch took so many milliseconds each; a thread that waits for a core does so once or twice. */
const SLOW_FILES = 8
const SLOW = { write: 10, sync: 2, look: 10, read: 10 }
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
  if (kind === 'sync') return { found: sync(calls, batch) }
  return { done: write(calls, batch), bytes }
}

/** What is wrong with this file and no other: a link, a directory or something longer is in its place. */
const inTheWay = new Set(['FILE_TOO_LONG', 'EISDIR', 'ELOOP'])

function write(calls, { root, paths, lengths, positions, limits, known, bytes }) {
  const done = new Uint8Array(paths.length)
  const pace = new Pace(SLOW.write)
  const ground = new Ground(calls, root)
  let at = 0
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    const end = at + lengths[i]
    try {
      const directory = dirname(paths[i])
      ground.enter(directory, known[i] === 0)
      const file = openFile(calls, paths[i], { isKnown: known[i] === 1, limit: limits[i], ground, directory })
      try {
        writeBytes(calls, file, bytes, at, end, positions[i])
      } finally {
        calls.closeSync(file)
      }
      done[i] = 1
    } catch (error) {
      if (!inTheWay.has(error.code)) break
    }
    at = end
  }
  return done
}

/** The directories of a batch, each looked at when the first file in it comes: see `RootDirectory`, which does the same one by one. */
class Ground {
  #calls
  #root
  #real
  #entered = new Set()

  constructor(calls, root) {
    this.#calls = calls
    this.#root = root
  }

  /** Makes what is missing, one level at a time, if asked to. Throws when a link leads out of the root. */
  enter(directory, makes) {
    if (this.#entered.has(directory)) return
    try {
      this.check(directory)
    } catch (error) {
      if (!makes || error.code !== 'ENOENT' || !directory.startsWith(withSeparator(this.#root))) throw error
      const parent = dirname(directory)
      this.enter(parent, true)
      this.check(parent)
      makeDirectory(this.#calls, directory)
      this.check(directory)
    }
    this.#entered.add(directory)
  }

  /** What is at the directory's place now is inside. */
  check(directory) {
    this.#real ??= this.#calls.realpathSync(this.#root)
    const real = this.#calls.realpathSync(directory)
    if (real !== this.#real && !real.startsWith(withSeparator(this.#real))) throw failure('PATH_OUTSIDE')
  }
}

function withSeparator(path) {
  return path.endsWith(sep) ? path : path + sep
}

function failure(code) {
  return Object.assign(new Error(code), { code })
}

function makeDirectory(calls, path) {
  try {
    calls.mkdirSync(path)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}

function openFile(calls, path, { isKnown, limit, ground, directory }) {
  const fresh = isKnown ? undefined : makeFile(calls, path)
  if (fresh !== undefined) return fresh
  const file = calls.openSync(path, guards)
  try {
    const stats = calls.fstatSync(file)
    if (!stats.isFile()) throw failure('EISDIR')
    if (stats.size > limit) throw failure('FILE_TOO_LONG')
    if (stats.size > 0) ground.check(directory)
    return file
  } catch (error) {
    calls.closeSync(file)
    throw error
  }
}

/** Undefined when the name is taken. */
function makeFile(calls, path) {
  try {
    return calls.openSync(path, making, 0o666)
  } catch (error) {
    if (error.code === 'EEXIST') return undefined
    throw error
  }
}

function writeBytes(calls, file, bytes, start, end, position) {
  for (let at = start; at < end; ) {
    const count = calls.writeSync(file, bytes, at, end - at, position + at - start)
    if (count === 0) throw new Error('the system takes no more bytes')
    at += count
  }
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

function sync(calls, { root, paths }) {
  const found = new Float64Array(2 * paths.length).fill(Number.NaN)
  const pace = new Pace(SLOW.sync)
  const ground = new Ground(calls, root)
  for (let i = 0; i < paths.length && pace.isGood(); i++) {
    try {
      ground.enter(dirname(paths[i]), false)
      const { size, mtimeMs } = syncFile(calls, paths[i])
      found[2 * i] = size
      found[2 * i + 1] = mtimeMs
    } catch {}
  }
  return found
}

/** How it looks then: who makes files durable writes down how they look, and a look by name costs as much as all of this. */
function syncFile(calls, path) {
  const file = calls.openSync(path, guards)
  try {
    calls.fdatasyncSync(file)
    return calls.fstatSync(file)
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
