// The few calls on the operating system that storage makes, as an interface, so that tests can fill the disk, lose a file or
// run out of handles without a real one. `nodeFileSystem` is the real thing.
//
// Invariant: no link is followed in a file's place, and opening never blocks. O_NOFOLLOW refuses a planted symbolic link;
// O_NONBLOCK keeps a named pipe in a file's place from holding one of the process's few I/O threads for ever.

import type { Stats } from 'node:fs'
import { constants, read, readv } from 'node:fs'
import {
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises'
import { DiskThread } from './disk-thread.ts'
import type { FileBatches } from './file-batches.ts'
import { makeDirectories } from './make-directories.ts'

/**
 * `read` an existing file; `write` (and read) an existing one; `create` is `write`, and makes the file when it is missing; `make` is
 * `create`, and fails with EEXIST when the name is taken by whatever it is.
 */
export type FileAccess = 'read' | 'write' | 'create' | 'make'

/** What is known about a name without following links. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  /** bytes */
  readonly size: number
  /** Names that the file has; 0 when it was deleted while open. */
  readonly links: number
  /** Milliseconds since 1970 of the last change of content. */
  readonly modified: number
  /** The same for two names of one file; only for comparing. */
  readonly identity: string
}

/** One open file. Calls may overlap. */
export interface OpenFile {
  /** Bytes read into `into` at `at`, fewer than `length` at the end of the file. */
  read(into: Uint8Array, at: number, length: number, position: number): Promise<number>
  /** As `read`, into parts that need not lie in a row, in order; at most 1,024. Where it is missing they are read one by one. */
  readParts?(parts: readonly Uint8Array[], position: number): Promise<number>
  /** Bytes written, in order from the first block; may be fewer than given. At most 1,024 blocks. */
  write(blocks: readonly Uint8Array[], position: number): Promise<number>
  truncate(length: number): Promise<void>
  /** Content survives a power cut once this resolves. */
  datasync(): Promise<void>
  /** Sets the time of the last change of content: milliseconds since 1970, of which the fraction may be lost. */
  setModified(time: number): Promise<void>
  stat(): Promise<FileStat>
  close(): Promise<void>
}

/** Rejections carry the system's `code` (`ENOENT`, `ENOSPC` …), as those of `node:fs` do. Paths are absolute. */
export interface FileSystem {
  open(path: string, access: FileAccess): Promise<OpenFile>
  /** Of the name itself, not of what a link points to. */
  stat(path: string): Promise<FileStat>
  /** One directory, or all that are missing on the way with `recursive`. */
  makeDirectory(path: string, options?: { readonly recursive?: boolean }): Promise<void>
  /** The names in it, in any order. */
  readDirectory(path: string): Promise<readonly string[]>
  /** The path with every link resolved. */
  realPath(path: string): Promise<string>
  removeFile(path: string): Promise<void>
  /** A file of the same name in the new place is replaced. EXDEV when the new place is on another file system. */
  rename(from: string, to: string): Promise<void>
  /** Names in the directory survive a power cut once this resolves, where the system can promise that. Never rejects. */
  syncDirectory(path: string): Promise<void>
  /** Another name for a file. Fails when `to` exists, and where the system cannot do it. */
  link(from: string, to: string): Promise<void>
  /** A copy that shares its storage with the original until one of them changes. Fails as `link` does. */
  clone(from: string, to: string): Promise<void>
  /** Only when it is empty. */
  removeDirectory(path: string): Promise<void>
  /** Many small files at a time, where that is better than one by one; whoever gets it disposes of it. */
  startBatches?(): FileBatches
}

// Windows has neither flag; there, creating links needs a privilege of its own.
const guards = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const flags: Readonly<Record<FileAccess, number>> = {
  read: constants.O_RDONLY | guards,
  write: constants.O_RDWR | guards,
  create: constants.O_RDWR | constants.O_CREAT | guards,
  make: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | guards,
}

class NodeFile implements OpenFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  // With callbacks: those of `node:fs/promises` take half a dozen promises each, and whoever reads keeps the handle open.
  read(into: Uint8Array, at: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#handle.fd, into, at, length, position, (error, count) => (error ? reject(error) : resolve(count)))
    })
  }

  readParts(parts: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      readv(this.#handle.fd, parts, position, (error, count) => (error ? reject(error) : resolve(count)))
    })
  }

  async write(blocks: readonly Uint8Array[], position: number): Promise<number> {
    const only = blocks[0]
    if (blocks.length === 1 && only !== undefined) {
      return (await this.#handle.write(only, 0, only.length, position)).bytesWritten
    }
    return (await this.#handle.writev(blocks, position)).bytesWritten
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  datasync(): Promise<void> {
    return this.#handle.datasync()
  }

  setModified(time: number): Promise<void> {
    // Half a millisecond more: seconds as a fraction must not round to the millisecond before.
    const seconds = (Math.floor(time) + 0.5) / 1_000
    return this.#handle.utimes(seconds, seconds)
  }

  async stat(): Promise<FileStat> {
    return describe(await this.#handle.stat())
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  open: async (path, access) => new NodeFile(await open(path, flags[access], 0o666)),
  stat: async (path) => describe(await lstat(path)),
  makeDirectory: (path, options) => (options?.recursive === true ? makeDirectories(path) : mkdir(path)),
  readDirectory: (path) => readdir(path),
  realPath: (path) => realpath(path),
  removeFile: (path) => unlink(path),
  rename: (from, to) => rename(from, to),
  syncDirectory,
  link: (from, to) => link(from, to),
  clone: (from, to) => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE),
  removeDirectory: (path) => rmdir(path),
  startBatches: () => new DiskThread(),
}

function describe(stats: Stats): FileStat {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other'
  const identity = `${stats.dev}:${stats.ino}`
  return { kind, size: stats.size, links: stats.nlink, modified: stats.mtimeMs, identity }
}

/** Some systems cannot open directories: there, names are as durable as they make them. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch {}
}
