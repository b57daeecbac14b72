// Where each file of a torrent lies: below the torrent's root under its own path, but for those that were renamed, or that a move
// to another root has reached already. Reads, writes and everything else ask here each time, so a file may go elsewhere
// between two of them.

import { LazyMap } from '@torrential/primitives'
import type { RootDirectory } from './root-directory.ts'
import { directoryOf } from './root-directory.ts'

/** `path` is relative to the root and safe. */
export interface FilePlace {
  readonly root: RootDirectory
  readonly path: string
}

export class FilePlaces {
  /** Relative to the root, checked; one per file of the geometry. */
  readonly #paths: readonly string[]
  #root: RootDirectory
  /** Files that do not lie at their own path below the root. */
  readonly #elsewhere = new LazyMap<number, FilePlace>()

  constructor(root: RootDirectory, paths: readonly string[]) {
    this.#root = root
    this.#paths = paths
  }

  get root(): RootDirectory {
    return this.#root
  }

  /**
   * The directory that all files lie in, relative to the root: of a torrent of many files its own one. Empty when that is the root;
   * undefined when some lie elsewhere.
   */
  get common(): string | undefined {
    if (this.#elsewhere.size > 0) return undefined
    const [first = ''] = this.#paths
    const within = first.slice(0, first.indexOf('/') + 1)
    return this.#paths.every((path) => path.startsWith(within)) ? within.slice(0, -1) : ''
  }

  of(file: number): FilePlace {
    return this.#elsewhere.get(file) ?? { root: this.#root, path: this.#paths[file] as string }
  }

  rootOf(file: number): RootDirectory {
    return this.#elsewhere.get(file)?.root ?? this.#root
  }

  /** Relative to the file's root. */
  relativeOf(file: number): string {
    return this.#elsewhere.get(file)?.path ?? (this.#paths[file] as string)
  }

  /** The directory of a file, relative to its root. */
  directoryOf(file: number): string {
    return directoryOf(this.relativeOf(file))
  }

  /** Absolute. */
  pathOf(file: number): string {
    return this.rootOf(file).resolve(this.relativeOf(file))
  }

  put(file: number, place: FilePlace): void {
    if (place.root === this.#root && place.path === this.#paths[file]) this.#elsewhere.delete(file)
    else this.#elsewhere.set(file, place)
  }

  /** From now on the root is another one; files that lie below it already are not elsewhere any more. */
  settle(root: RootDirectory): void {
    this.#root = root
    for (const [file, place] of this.#elsewhere) this.put(file, place)
  }

  /** What is remembered of directories is looked at again. */
  forget(): void {
    this.#root.forget()
    for (const { root } of this.#elsewhere.values()) root.forget()
  }
}
