// Brings a file that lies elsewhere on this machine to a place where nothing is: as another name for it, as a copy that shares its
// storage, or byte by byte, whatever is asked for and possible here. What fails leaves nothing behind.

import { type AbortOptions, throwIfAborted } from '@torrential/primitives'
import type { FileSystem } from './file-system.ts'
import { readFully, writeFully } from './pooled-io.ts'
import { systemCode } from './storage-failure.ts'

/** `link` is another name: what is written to one is written to both. `copy` is not. */
export type AdoptMethod = 'link' | 'copy'

/** Bytes copied between two looks at the signal. */
const RUN = 1_048_576

/**
 * Returns how it was done: a link that is not possible becomes a copy.
 * @throws the system's errors, `EEXIST` when something is at `to`; StorageError `FILE_SHORT` …; the signal's reason
 */
export async function adoptFile(
  fileSystem: FileSystem,
  paths: { readonly from: string; readonly to: string; readonly length: number },
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

async function copy(
  fileSystem: FileSystem,
  { from, to, length }: { readonly from: string; readonly to: string; readonly length: number },
  options?: AbortOptions,
): Promise<void> {
  const source = await fileSystem.open(from, 'read')
  try {
    const target = await fileSystem.open(to, 'create')
    try {
      const run = Buffer.allocUnsafe(Math.min(RUN, length))
      for (let at = 0; at < length; at += run.length) {
        throwIfAborted(options)
        const bytes = run.subarray(0, Math.min(run.length, length - at))
        await readFully(source, bytes, at, from)
        await writeFully(target, [bytes], at, to)
      }
    } catch (error) {
      await fileSystem.removeFile(to).catch(() => {})
      throw error
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
