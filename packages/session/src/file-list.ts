// The files of a torrent as users hold them. They are there as long as the torrent is; the parts that move data are not (see
// torrent-works.ts). Facts are told without those parts, and whatever needs them makes them again.

import type { ReadWindow } from '@torrential/engine'
import type { Metainfo } from '@torrential/metainfo'
import type { Geometry, PieceIndex } from '@torrential/primitives'
import type { MoveOptions } from './options.ts'
import type { TorrentContents } from './torrent-contents.ts'
import { type FileOwner, NORMAL_PRIORITY, TorrentFile } from './torrent-file.ts'

/** The torrent, as its files see it. */
export interface FileListHost {
  /** Undefined while nobody needs it: then all files are wanted alike. */
  readonly contents: TorrentContents | undefined
  /** While there are no contents: every piece is here. */
  readonly isComplete: boolean
  /** Makes the contents again. */
  openContents(): TorrentContents
  /** Relative to the torrent's folder. */
  filePath(file: number): string
  renameFile(file: number, path: string, options: MoveOptions): Promise<void>
  /** A file has another priority. */
  prioritized(): void
}

type Range = Parameters<ReadWindow['move']>[0]

export class FileList implements FileOwner {
  readonly geometry: Geometry
  /** Without padding. */
  readonly files: readonly TorrentFile[]
  readonly #host: FileListHost
  readonly #byFile: readonly (TorrentFile | undefined)[]

  constructor({ geometry, files }: Metainfo, host: FileListHost) {
    this.geometry = geometry
    this.#host = host
    let index = 0
    this.#byFile = files.map(({ pad, length }, file) =>
      pad ? undefined : new TorrentFile(this, { file, index: index++, length }),
    )
    this.files = this.#byFile.filter((file) => file !== undefined)
  }

  /** The file at an index of the geometry; undefined for padding. */
  at(file: number): TorrentFile | undefined {
    return this.#byFile[file]
  }

  has(piece: PieceIndex): boolean {
    const { contents, isComplete } = this.#host
    return contents === undefined ? isComplete : contents.has(piece)
  }

  missingPieces(file: number): number {
    const { contents, isComplete } = this.#host
    if (contents !== undefined) return contents.missingPieces(file)
    const { start, end } = this.geometry.piecesOf(file)
    return isComplete ? 0 : end - start
  }

  filePriority(file: number): number {
    return this.#host.contents?.filePriority(file) ?? NORMAL_PRIORITY
  }

  setFilePriority(file: number, priority: number): void {
    if (priority === this.filePriority(file)) return
    this.#host.openContents().setFilePriority(file, priority)
    this.#host.prioritized()
  }

  filePath(file: number): string {
    return this.#host.filePath(file)
  }

  renameFile(file: number, path: string, options: MoveOptions): Promise<void> {
    return this.#host.renameFile(file, path, options)
  }

  arrival(piece: PieceIndex, signal: AbortSignal): Promise<void> {
    return this.#host.openContents().arrival(piece, signal)
  }

  early(piece: PieceIndex, offset: number): Uint8Array | undefined {
    return this.#host.contents?.early(piece, offset)
  }

  read(piece: PieceIndex, offset: number, length: number): Promise<Uint8Array> {
    return this.#host.openContents().read(piece, offset, length)
  }

  openWindow(range: Range): ReadWindow {
    return this.#host.openContents().openWindow(range)
  }

  moveWindow(window: ReadWindow, range: Range): void {
    this.#host.openContents().moveWindow(window, range)
  }

  closeWindow(window: ReadWindow): void {
    this.#host.contents?.closeWindow(window)
  }
}
