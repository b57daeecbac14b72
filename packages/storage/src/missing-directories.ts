// Directories that a look at many files has found missing: whatever lies below them is missing, too, and need not be asked for. Of
// a new torrent none is there, and a call on the system for each of its files and pieces, each of which fails, took longer than all
// else at its start.

import { dirname, sep } from 'node:path'
import { LazyMap, LazySet } from '@torrential/primitives'

/** All paths are absolute. */
export class MissingDirectories {
  /** Of those that are missing the uppermost ones. */
  readonly #uppermost = new LazySet<string>()
  /** Who asks side by side waits for the same look. */
  readonly #looks = new LazyMap<string, Promise<boolean>>()
  /** The start of all that lies below the one found last. */
  #below: string | undefined
  readonly #isMissing: (path: string) => Promise<boolean>

  /** `isMissing`: nothing is at this path. That nobody can tell is no such answer. */
  constructor(isMissing: (path: string) => Promise<boolean>) {
    this.#isMissing = isMissing
  }

  /** The directory is known to be missing. */
  has(directory: string): boolean {
    if (this.#below === undefined) return false
    if (directory.startsWith(this.#below)) return true
    for (let at = directory; ; at = dirname(at)) {
      if (this.#uppermost.has(at)) return true
      if (at === dirname(at)) return false
    }
  }

  /** Something in the directory is missing: resolves to whether the directory itself is, and finds out which of those above it are. */
  look(directory: string): Promise<boolean> {
    if (this.has(directory)) return Promise.resolve(true)
    let look = this.#looks.get(directory)
    if (look === undefined) {
      look = this.#look(directory)
      this.#looks.set(directory, look)
    }
    return look
  }

  async #look(directory: string): Promise<boolean> {
    if (!(await this.#isMissing(directory))) return false
    const parent = dirname(directory)
    if (parent === directory || !(await this.look(parent))) {
      this.#uppermost.add(directory)
      this.#below = directory.endsWith(sep) ? directory : directory + sep
    }
    return true
  }
}
