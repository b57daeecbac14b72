// A .torrent on disk, whole or not at all: it is written beside its place and renamed, so that nobody (a client that watches
// the folder) ever reads half of one.

import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { StorageError } from '@torrential/primitives'

/** Replaces what is at `path`. @throws StorageError with the system's code */
export async function writeTorrentFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.new`
  try {
    // Nothing may be there before: a link that somebody planted would lead elsewhere.
    await writeFile(temporary, bytes, { flag: 'wx' })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {})
    const { code = 'WRITE_FAILED' } = cause as { code?: string }
    throw new StorageError(code, `${path} cannot be written`, { path, cause })
  }
}
