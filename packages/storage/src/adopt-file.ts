// Brings a file that lies elsewhere on this machine to a place where nothing is: as another name for it, as a copy that shares its
// storage, or byte by byte, whatever is asked for and possible here. What fails leaves nothing behind.

import { type AbortOptions, StorageError } from '@torrential/primitives'
import { FileCopy } from './file-copy.ts'
import type { FileSystem } from './file-system.ts'
import { systemCode } from './storage-failure.ts'

/** `link` is another name: what is written to one is written to both. `copy` is not. */
export type AdoptMethod = 'link' | 'copy'

/** Absolute paths, and the bytes that the file has. */
export interface AdoptPaths {
  readonly from: string
  readonly to: string
  readonly length: number
}

/**
 * Returns how it was done: a link that is not possible becomes a copy.
 * @throws the system's errors, `EEXIST` when something is at `to`; StorageError `SHORT_READ` and `FILE_TOO_LONG` when what is to be
 * copied has another length; the signal's reason
 */
export async function adoptFile(
  fileSystem: FileSystem,
  paths: AdoptPaths,
  method: AdoptMethod,
  options?: AbortOptions,
): Promise<AdoptMethod> {
  const { from, to } = paths
  if (method === 'link' && (await succeeds(fileSystem.link(from, to)))) return 'link'
  if (!(await succeeds(fileSystem.clone(from, to)))) await copy(fileSystem, paths, options)
  return 'copy'
}

/** False when the system cannot do such a thing here; a file in the way is an error. */
async function succeeds(attempt: Promise<void>): Promise<boolean> {
  try {
    await attempt
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw error
    return false
  }
}

async function copy(fileSystem: FileSystem, paths: AdoptPaths, options?: AbortOptions): Promise<void> {
  const { from, to, length } = paths
  // Whatever is in the place now is not ours to remove.
  const copying = await FileCopy.begin(fileSystem, { from, to }, { replacing: false })
  let isDone = false
  try {
    let copied = 0
    for await (const range of copying.whole()) {
      await copying.copy(range, options)
      copied = range.end
    }
    if (copied !== length) throw otherLength(from, copied, length)
    await copying.seal()
    isDone = true
  } finally {
    await copying.end(isDone)
  }
}

function otherLength(path: string, size: number, length: number): StorageError {
  const text = `the file has ${size} bytes where the torrent has ${length}: ${path}`
  return new StorageError(size < length ? 'SHORT_READ' : 'FILE_TOO_LONG', text, { path, size, length })
}
