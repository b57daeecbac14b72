// What a torrent's life (torrent-life.ts) does, in terms of its parts.

import type { StorageError } from '@torrential/primitives'
import type { FileSystem } from '@torrential/storage'
import type { TorrentAssembly } from './torrent-assembly.ts'
import type { TorrentCheck } from './torrent-check.ts'
import { asStorageError } from './torrent-contents.ts'
import type { LifeActs } from './torrent-life.ts'

export class TorrentActs implements LifeActs {
  readonly #assembly: TorrentAssembly
  readonly #check: TorrentCheck

  constructor(assembly: TorrentAssembly, check: TorrentCheck) {
    this.#assembly = assembly
    this.#check = check
  }

  check(full: boolean, signal: AbortSignal): Promise<void> {
    return this.#check.run(full, signal)
  }

  join(): void {
    this.#assembly.keeper.join()
  }

  leave(): Promise<void> {
    return this.#assembly.keeper.leave()
  }

  setDataPaused(paused: boolean): void {
    this.#assembly.keeper.setDataPaused(paused)
  }

  async release(): Promise<void> {
    const { keeper, context, torrent } = this.#assembly
    await keeper.release()
    context.forget(torrent)
  }

  isFinished(): boolean {
    return this.#assembly.keeper.isFinished
  }

  tell(type: Parameters<LifeActs['tell']>[0]): void {
    const { reporter, torrent, keeper } = this.#assembly
    if (type === 'ready') {
      const of = torrent.pieceCount
      reporter.emit({ type, torrent, have: keeper.isComplete ? of : keeper.have.count, of })
    } else reporter.emit({ type, torrent })
    this.#assembly.unused()
  }

  tellError(error: StorageError): void {
    const { reporter, torrent } = this.#assembly
    reporter.emit({ type: 'error', torrent, error })
  }

  /** True while it makes no sense to try again: what failed is still not there. */
  async isStillMissing({ code, path }: StorageError): Promise<boolean> {
    return (
      code === 'FILE_MISSING' && path !== undefined && !(await isThere(this.#assembly.context.handles.fileSystem, path))
    )
  }

  asStorageError(error: unknown): StorageError {
    return asStorageError(error)
  }
}

async function isThere(fileSystem: FileSystem, path: string): Promise<boolean> {
  return fileSystem.stat(path).then(
    () => true,
    () => false,
  )
}
