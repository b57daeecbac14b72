// A file system that fails when it is told to, for tests of everything above it: every call passes one place, which may count
// them, fail one with a system code, or fail all from one on, as a crash or a disk that was pulled out would.

import { batchesOver } from './file-batches.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import { BlockCursor, lengthOf } from './pooled-io.ts'

/** `read` to `close` are calls on an open file. */
export type FileSystemCall =
  | 'open'
  | 'stat'
  | 'makeDirectory'
  | 'readDirectory'
  | 'realPath'
  | 'removeFile'
  | 'rename'
  | 'syncDirectory'
  | 'link'
  | 'clone'
  | 'removeDirectory'
  | 'read'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'setModified'
  | 'statOpen'
  | 'close'

/** The system code (`ENOSPC` …) to fail a call with, before it does anything; `path` is the new one where there are two. */
export type FileSystemFaults = (call: FileSystemCall, path: string) => string | undefined

/** Bytes that a `read` or `write` moves at the most, of the `asked` ones, an integer; 0 is the end of the file, or a disk that takes nothing. */
export type ShortMoves = (call: 'read' | 'write', path: string, asked: number) => number

/** A `close` that fails has closed the file, as on every system. Batches, where `inner` has them, consist of the same calls. */
export function faultyFileSystem(inner: FileSystem, faults: FileSystemFaults, shorten?: ShortMoves): FileSystem {
  const pass = async (call: FileSystemCall, path: string): Promise<void> => {
    const code = faults(call, path)
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${call} was made to fail: ${path}`), { code })
  }
  const outer: FileSystem = {
    open: async (path, access) => {
      await pass('open', path)
      const file = faultyFile(await inner.open(path, access), (call) => pass(call, path))
      return shorten === undefined ? file : shortFile(file, (call, asked) => shorten(call, path, asked))
    },
    stat: (path) => pass('stat', path).then(() => inner.stat(path)),
    makeDirectory: (path, options) => pass('makeDirectory', path).then(() => inner.makeDirectory(path, options)),
    readDirectory: (path) => pass('readDirectory', path).then(() => inner.readDirectory(path)),
    realPath: (path) => pass('realPath', path).then(() => inner.realPath(path)),
    removeFile: (path) => pass('removeFile', path).then(() => inner.removeFile(path)),
    rename: (from, to) => pass('rename', to).then(() => inner.rename(from, to)),
    syncDirectory: (path) =>
      pass('syncDirectory', path).then(
        () => inner.syncDirectory(path),
        () => {},
      ),
    link: (from, to) => pass('link', to).then(() => inner.link(from, to)),
    clone: (from, to) => pass('clone', to).then(() => inner.clone(from, to)),
    removeDirectory: (path) => pass('removeDirectory', path).then(() => inner.removeDirectory(path)),
    ...(inner.startBatches !== undefined && { startBatches: () => batchesOver(outer) }),
  }
  return outer
}

function faultyFile(file: OpenFile, pass: (call: FileSystemCall) => Promise<void>): OpenFile {
  return {
    read: (into, at, length, position) => pass('read').then(() => file.read(into, at, length, position)),
    ...(file.readParts !== undefined && {
      readParts: (parts: readonly Uint8Array[], position: number) =>
        pass('read').then(() => file.readParts?.(parts, position) ?? 0),
    }),
    write: (blocks, position) => pass('write').then(() => file.write(blocks, position)),
    truncate: (length) => pass('truncate').then(() => file.truncate(length)),
    datasync: () => pass('datasync').then(() => file.datasync()),
    setModified: (time) => pass('setModified').then(() => file.setModified(time)),
    stat: () => pass('statOpen').then(() => file.stat()),
    close: () => file.close().then(() => pass('close')),
  }
}

function shortFile(file: OpenFile, shorten: (call: 'read' | 'write', asked: number) => number): OpenFile {
  return {
    ...file,
    read: (into, at, length, position) => file.read(into, at, Math.min(length, shorten('read', length)), position),
    ...(file.readParts !== undefined && {
      readParts: (parts: readonly Uint8Array[], position: number) => {
        const asked = lengthOf(parts)
        const most = Math.min(asked, shorten('read', asked))
        return most === 0
          ? Promise.resolve(0)
          : (file.readParts?.(new BlockCursor(parts).take(most), position) ?? Promise.resolve(0))
      },
    }),
    write: (blocks, position) => {
      const asked = lengthOf(blocks)
      const most = Math.min(asked, shorten('write', asked))
      return most === 0 ? Promise.resolve(0) : file.write(new BlockCursor(blocks).take(most), position)
    },
  }
}
