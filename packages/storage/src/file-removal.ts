// Removes files of a torrent, and the directories that became empty by it or by a move. Whatever else is there stays: what is not a
// file, what lies behind a link, a directory that has something in it.

import type { FilePlace, FilePlaces } from './file-places.ts'
import type { FileSystem } from './file-system.ts'
import { directoryOf, type RootDirectory } from './root-directory.ts'
import { sideBySide } from './side-by-side.ts'
import { storageFailure, systemCode } from './storage-failure.ts'
import type { TorrentFiles } from './torrent-files.ts'

/** Files removed at once: hides the disk's latency without filling the process's four I/O threads for long. */
const AT_ONCE = 4

export interface FileRemovalParts {
  readonly fileSystem: FileSystem
  readonly places: FilePlaces
  readonly files: TorrentFiles
}

/** Removes these files and then the directories that became empty, below the root. @throws StorageError */
export async function removeFiles(parts: FileRemovalParts, files: readonly number[]): Promise<void> {
  const { fileSystem, places } = parts
  await parts.files.close()
  places.forget()
  await sideBySide(files, AT_ONCE, (file) => removeFile(parts, file))
  await pruneDirectories(
    fileSystem,
    files.map((file) => places.of(file)),
  )
  places.forget()
}

/** Removes the directories of files that went away, below their root, as far as they are empty. @throws StorageError */
export async function pruneDirectories(fileSystem: FileSystem, left: Iterable<FilePlace>): Promise<void> {
  const byRoot = new Map<RootDirectory, Set<string>>()
  for (const { root, path } of left) {
    const directories = byRoot.get(root) ?? new Set()
    byRoot.set(root, directories)
    for (let up = directoryOf(path); up !== '' && !directories.has(up); up = directoryOf(up)) directories.add(up)
  }
  for (const [root, directories] of byRoot) {
    root.forget()
    const deepestFirst = [...directories].sort((a, b) => b.length - a.length)
    for (const directory of deepestFirst) await removeIfEmpty(fileSystem, root, directory)
    root.forget()
  }
}

async function removeFile({ fileSystem, files }: FileRemovalParts, file: number): Promise<void> {
  const path = files.pathOf(file)
  try {
    if ((await files.status(file)) !== undefined) await fileSystem.removeFile(path)
  } catch (error) {
    const failure = storageFailure(error, { path })
    // Not the torrent's: a directory, a link, or something behind a link.
    const isForeign = failure.code === 'FILE_KIND' || failure.code === 'PATH_OUTSIDE'
    if (!isForeign && failure.code !== 'FILE_MISSING') throw failure
  }
  await files.forget(file)
}

async function removeIfEmpty(fileSystem: FileSystem, root: RootDirectory, directory: string): Promise<void> {
  const path = root.resolve(directory)
  try {
    await root.require(directory)
    await fileSystem.removeDirectory(path)
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (!leftAlone.has(code)) throw storageFailure(error, { path })
  }
}

/** Why a directory stays: something else is in it, it is gone, or it is not a directory of ours. */
const leftAlone: ReadonlySet<string> = new Set([
  'ENOTEMPTY',
  'EEXIST',
  'ENOENT',
  'ENOTDIR',
  'FILE_MISSING',
  'FILE_KIND',
  'PATH_OUTSIDE',
])
