// A directory and all that are missing on the way to it. Node's own `mkdir` with `recursive` never comes back where a directory
// cannot be made although its parent exists (everywhere below /proc): it takes the ENOENT for a missing parent, for ever, on one
// of the process's few I/O threads. Here a parent that exists makes a second error final: the first may have been met before
// somebody else, who makes the same folders now, had made the parent.

import { lstat, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './storage-failure.ts'

/** Makes one directory, or rejects with the system's error. */
export type MakeDirectory = (path: string) => Promise<unknown>

/** Resolves when something is at `path` (what, is for the caller to see); rejects with the system's error. */
export async function makeDirectories(path: string, make: MakeDirectory = mkdir): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    if (!(await exists(parent))) await makeDirectories(parent, make)
    await makeLast(path, make)
  }
}

async function makeLast(path: string, make: MakeDirectory): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}
