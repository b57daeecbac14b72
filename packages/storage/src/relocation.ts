// Moves the files of a torrent while they are used: to other names, to another root, to another file system. One file after the
// other; each is at its old place or at its new one at every moment, and reads and writes go where it is. What was begun
// and did not end (a fault, a crash) is finished by asking for the same again with `resuming`.
//
// Within one file system a file changes its name while nobody uses it, for a moment. To another file system a copy is made beside
// the new place, while reads and writes go on; when it is complete and on the disk it takes its name, and the old file goes.

import { type AbortOptions, throwIfAborted } from '@torrential/primitives'
import { FileCopy, haveSameBytes } from './file-copy.ts'
import type { FilePlace, FilePlaces } from './file-places.ts'
import { pruneDirectories } from './file-removal.ts'
import type { FileStat, FileSystem } from './file-system.ts'
import type { OperationGate } from './operation-gate.ts'
import type { Parking } from './parking.ts'
import { existsFailure, renameFile, statOf } from './rename-file.ts'
import { directoryOf, type RootDirectory } from './root-directory.ts'
import { storageFailure } from './storage-failure.ts'
import type { TorrentFiles } from './torrent-files.ts'

export interface MoveOptions extends AbortOptions {
  /** Replaces files that are in the new places. @default false: `FILE_EXISTS` */
  readonly overwrite?: boolean
  /** The same move was begun before: what is in a new place already may be our own work. @default false */
  readonly resuming?: boolean
  /** A file that is on disk has reached its new place. Paths are absolute. */
  readonly moved?: (file: number, from: string, to: string) => void
}

export interface RelocationParts {
  readonly fileSystem: FileSystem
  readonly places: FilePlaces
  readonly gate: OperationGate
  readonly files: TorrentFiles
  readonly parking: Parking
}

/** What is moved: a file of the torrent, or the part file. */
interface Subject {
  /** Number of the file; `undefined` for the part file. */
  readonly file: number | undefined
  readonly from: FilePlace
  readonly to: FilePlace
}

export class Relocation {
  readonly #parts: RelocationParts
  /** Absolute paths of directories whose names changed. */
  readonly #changed = new Set<string>()

  constructor(parts: RelocationParts) {
    this.#parts = parts
  }

  /** One file to another place. @throws StorageError, the signal's reason; the file is at its old place then */
  async file(file: number, to: FilePlace, options: MoveOptions): Promise<void> {
    const from = this.#parts.places.of(file)
    await this.#move({ file, from, to }, options)
    await this.#tidy([from])
  }

  /**
   * Everything to another root. @throws StorageError `FILE_EXISTS` before anything was moved; another, or the signal's reason, with
   * some files at their new places and the others at their old ones
   */
  async all(files: readonly number[], root: RootDirectory, options: MoveOptions): Promise<void> {
    const { places, parking } = this.#parts
    const subjects: Subject[] = files.map((file) => ({
      file,
      from: places.of(file),
      to: { root, path: places.relativeOf(file) },
    }))
    subjects.push({ file: undefined, from: parking.place, to: { root, path: parking.place.path } })
    if (options.overwrite !== true && options.resuming !== true) {
      for (const { from, to } of subjects) await this.#refuseExisting(from, to)
    }
    for (const subject of subjects) {
      throwIfAborted(options)
      await this.#move(subject, options)
    }
    places.settle(root)
    await this.#tidy(subjects.map(({ from }) => from))
  }

  async #refuseExisting(from: FilePlace, to: FilePlace): Promise<void> {
    const path = absolute(to)
    if (absolute(from) !== path && (await statOf(this.#parts.fileSystem, path)) !== undefined) throw existsFailure(path)
  }

  async #move(subject: Subject, options: MoveOptions): Promise<void> {
    try {
      await this.#carry(subject, options)
    } catch (error) {
      throwIfAborted(options)
      throw storageFailure(error, { path: absolute(subject.from) })
    }
  }

  async #carry(subject: Subject, options: MoveOptions): Promise<void> {
    if (absolute(subject.from) === absolute(subject.to)) {
      await this.#parts.gate.alone(() => this.#put(subject))
      return
    }
    let isElsewhere = false
    await this.#parts.gate.alone(async () => {
      if (await this.#isSettled(subject, options)) return
      try {
        await this.#letGo(subject.file)
        await renameFile(this.#parts.fileSystem, this.#renaming(absolute(subject.from), subject, options))
        await this.#arrived(subject, options)
      } catch (error) {
        if (storageFailure(error, {}).code !== 'EXDEV') throw error
        isElsewhere = true
      }
    })
    if (isElsewhere) await this.#moveAcross(subject, options)
  }

  async #moveAcross(subject: Subject, options: MoveOptions): Promise<void> {
    const { fileSystem, files, gate } = this.#parts
    const { from, file } = subject
    const beside = this.#besideOf(subject)
    const watch = files.watch(file ?? -1)
    let copy: FileCopy | undefined
    let isDone = false
    try {
      const copying = await FileCopy.begin(fileSystem, { from: absolute(from), to: beside }, { replacing: true })
      copy = copying
      if (file !== undefined) {
        for await (const range of copying.whole()) await gate.share(() => copying.copy(range, options))
        await gate.share(() => copying.seal())
      }
      throwIfAborted(options)
      await gate.alone(async () => {
        if (file === undefined) for await (const range of copying.whole()) await copying.copy(range, options)
        for (const range of watch.ranges.splice(0)) await copying.copy(range, options)
        await copying.seal()
        await this.#letGo(subject.file)
        await renameFile(fileSystem, this.#renaming(beside, subject, options))
        isDone = true
        await this.#removeOld(subject)
        await this.#arrived(subject, options)
      })
    } finally {
      files.unwatch()
      await copy?.end(isDone)
    }
  }

  /** The copy is in its place: the original goes, or if it cannot, the copy does. */
  async #removeOld({ from, to }: Subject): Promise<void> {
    const { fileSystem } = this.#parts
    const [old, path] = [absolute(from), absolute(to)]
    // A power cut must not find the one name gone and the other not made yet.
    await fileSystem.syncDirectory(to.root.resolve(directoryOf(to.path)))
    try {
      await fileSystem.removeFile(old)
    } catch (error) {
      await fileSystem.removeFile(path).catch(() => {})
      throw storageFailure(error, { path: old })
    }
  }

  /** Nothing is left to be done but to remember the new place: the file is not on disk, or is there already. */
  async #isSettled(subject: Subject, options: MoveOptions): Promise<boolean> {
    const { fileSystem } = this.#parts
    const { from, to } = subject
    const [old, path] = [absolute(from), absolute(to)]
    const source = await this.#sourceOf(from)
    if (source === undefined && options.overwrite !== true && options.resuming !== true) {
      await this.#refuseExisting(from, to)
    }
    if (source !== undefined) {
      await to.root.create(directoryOf(to.path))
      await to.root.confirm(directoryOf(to.path))
      // A crash may have left a copy beside its place, whole or not.
      if (options.resuming === true) await fileSystem.removeFile(this.#besideOf(subject)).catch(() => {})
    }
    const target = await statOf(fileSystem, path).catch((error: unknown) => {
      // Where a directory of the new place is a file, nothing can be; for a file that is not there this shows later.
      if (source === undefined) return undefined
      throw error
    })
    if (source === undefined) {
      if (target !== undefined && options.resuming === true) await this.#arrived(subject, options)
      else await this.#put(subject)
      return true
    }
    if (target === undefined) return false
    if (target.kind !== 'file') throw storageFailure(existsFailure(path), { path })
    if (!(await this.#isOurs(old, path, source, target, options))) {
      if (options.overwrite === true) return false
      throw existsFailure(path)
    }
    await this.#letGo(subject.file)
    // Where names are the same but for case or Unicode form, the old name may be the new one.
    if (isSameName(old, path)) await fileSystem.rename(old, path)
    else await fileSystem.removeFile(old)
    await this.#arrived(subject, options)
    return true
  }

  /** What is in the new place is the file itself, or a copy that we had made when something stopped us. */
  async #isOurs(old: string, path: string, source: FileStat, target: FileStat, options: MoveOptions): Promise<boolean> {
    if (source.identity === target.identity) return options.resuming === true || isSameName(old, path)
    if (options.resuming !== true || source.size !== target.size) return false
    return haveSameBytes(this.#parts.fileSystem, old, path, options)
  }

  async #sourceOf({ root, path }: FilePlace): Promise<FileStat | undefined> {
    const look = () => statOf(this.#parts.fileSystem, root.resolve(path))
    // Where a name is too long there is no file, and another name is just what helps; but it is too long each time.
    const source = await look().catch(noneIfTooLong(() => look().catch(noneIfTooLong(async () => undefined))))
    if (source === undefined) return undefined
    if (source.kind !== 'file') throw storageFailure({ code: 'EISDIR' }, { path: root.resolve(path) })
    await root.confirm(directoryOf(path))
    return source
  }

  /** In the directory of the new place, under a name that nothing else has: it names the torrent and the file. */
  #besideOf({ file, to }: Subject): string {
    const directory = directoryOf(to.path)
    const name = `${this.#parts.parking.place.path}.${file ?? 'part'}.moving`
    return to.root.resolve(directory === '' ? name : `${directory}/${name}`)
  }

  #renaming(from: string, { to }: Subject, { overwrite = false }: MoveOptions) {
    return { from, to: absolute(to), overwrite }
  }

  async #letGo(file: number | undefined): Promise<void> {
    if (file === undefined) await this.#parts.parking.close()
    else await this.#parts.files.letGo(file)
  }

  async #arrived(subject: Subject, { moved }: MoveOptions): Promise<void> {
    const { file, from, to } = subject
    await this.#put(subject)
    for (const { root, path } of [from, to]) this.#changed.add(root.resolve(directoryOf(path)))
    if (file !== undefined) moved?.(file, absolute(from), absolute(to))
  }

  async #put({ file, to }: Subject): Promise<void> {
    await this.#letGo(file)
    if (file === undefined) this.#parts.parking.place = to
    else this.#parts.places.put(file, to)
  }

  /** Empty directories go, and the new names are made durable. */
  async #tidy(left: readonly FilePlace[]): Promise<void> {
    const { fileSystem, gate } = this.#parts
    for (const directory of this.#changed) await fileSystem.syncDirectory(directory)
    await gate.alone(() => pruneDirectories(fileSystem, left).catch(() => {}))
  }
}

/** Goes on with `next` when the path is one that the file system does not take. */
function noneIfTooLong<Result>(next: () => Promise<Result>): (error: unknown) => Promise<Result> {
  return (error) => {
    if (storageFailure(error, {}).code === 'ENAMETOOLONG') return next()
    throw error
  }
}

function absolute({ root, path }: FilePlace): string {
  return root.resolve(path)
}

function isSameName(one: string, other: string): boolean {
  const fold = (path: string) => path.normalize('NFC').toLowerCase()
  return fold(one) === fold(other)
}
