// Gives a file another name, on one file system, without replacing anything unless asked to. `rename` alone would replace what
// another program put there a moment ago; making a second name and removing the first one does not.

import { StorageError } from '@torrential/primitives'
import type { FileStat, FileSystem } from './file-system.ts'
import { storageFailure, systemCode } from './storage-failure.ts'

export interface Renaming {
  /** Absolute. */
  readonly from: string
  readonly to: string
  /** Replaces a file that is there. */
  readonly overwrite: boolean
}

/** @throws StorageError `FILE_EXISTS`, `EXDEV` (another file system), or the system's code; the file has its old name then */
export async function renameFile(fileSystem: FileSystem, { from, to, overwrite }: Renaming): Promise<void> {
  if (overwrite || !(await linked(fileSystem, from, to))) {
    if (!overwrite && (await statOf(fileSystem, to)) !== undefined) throw existsFailure(to)
    await attempt(to, () => fileSystem.rename(from, to))
    return
  }
  try {
    await fileSystem.removeFile(from)
  } catch (error) {
    await fileSystem.removeFile(to).catch(() => {})
    throw storageFailure(error, { path: from })
  }
}

/** What is at a path, or `undefined` when nothing is. @throws StorageError */
export async function statOf(fileSystem: FileSystem, path: string): Promise<FileStat | undefined> {
  try {
    return await fileSystem.stat(path)
  } catch (error) {
    const failure = storageFailure(error, { path })
    if (failure.code === 'FILE_MISSING') return undefined
    throw failure
  }
}

export function existsFailure(path: string): StorageError {
  return new StorageError('FILE_EXISTS', `there is a file already, and it is not replaced: ${path}`, { path })
}

/** False when the system cannot give a file a second name here. */
async function linked(fileSystem: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await fileSystem.link(from, to)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') throw existsFailure(to)
    if (code === 'EXDEV' || code === 'ENAMETOOLONG' || code === 'ENOSPC') throw storageFailure(error, { path: to })
    return false
  }
}

async function attempt(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw storageFailure(error, { path })
  }
}
