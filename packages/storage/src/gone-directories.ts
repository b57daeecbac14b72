// Directories that one look at a torrent's files has found missing: whatever lies below them is missing, too, and need not be asked for. Of
// a new torrent none is there, and a call on the system for each of its pieces, each of which fails, took longer than all else at its start.

import { LazySet } from '@torrential/primitives'
import { directoryOf, type RootDirectory } from './root-directory.ts'

export class GoneDirectories {
  /** Absolute. */
  readonly #gone = new LazySet<string>()
  readonly #there = new LazySet<string>()
  readonly #isMissing: (path: string) => Promise<boolean>

  /** `isMissing`: nothing is at this absolute path. */
  constructor(isMissing: (path: string) => Promise<boolean>) {
    this.#isMissing = isMissing
  }

  /** The directory, relative to its root, is known to be missing. */
  has(root: RootDirectory, directory: string): boolean {
    if (this.#gone.size === 0) return false
    for (let at = directory; ; at = directoryOf(at)) {
      if (this.#gone.has(root.resolve(at))) return true
      if (at === '') return false
    }
  }

  /** Something in the directory is missing: finds out which of the directories above it are. */
  async look(root: RootDirectory, directory: string): Promise<void> {
    let missing: string | undefined
    for (let at = directory; ; at = directoryOf(at)) {
      const path = root.resolve(at)
      if (this.#there.has(path)) break
      if (!(await this.#isMissing(path))) {
        this.#there.add(path)
        break
      }
      missing = path
      if (at === '') break
    }
    if (missing !== undefined) this.#gone.add(missing)
  }
}
