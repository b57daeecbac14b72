// Puts a torrent's parts together: life (what runs when), works keeper (what moves data, while somebody needs it), resume keeper,
// mover, check. It is what they see of one another; each decision is in a part.

import { join } from 'node:path'
import type { FileRange, Metainfo } from '@torrential/metainfo'
import { type Bitfield, type Clock, type PeerError, type TorrentialError, toHex } from '@torrential/primitives'
import type { FileStorage, StoredFileStatus } from '@torrential/storage'
import type { AnnounceProgress } from '@torrential/tracker'
import { TorrentData } from './data-reuse.ts'
import type { Dialed } from './dialer.ts'
import { FileList, type FileListHost } from './file-list.ts'
import type { InboundTorrent } from './inbound-gate.ts'
import type { AddOptions, MoveOptions } from './options.ts'
import type { PeerIntake } from './peer-intake.ts'
import type { PendingLegacy } from './pending-torrent.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { ResumeKeeper, type ResumeKeeperParts } from './state/resume-keeper.ts'
import type { ResumeStore, ResumeSubject } from './state/resume-store.ts'
import type { StateFiles } from './state/state-files.ts'
import { identityOf, type SwarmIdentity } from './swarm-identity.ts'
import { TorrentActs } from './torrent-acts.ts'
import type { CloseOptions } from './torrent-body.ts'
import type { Torrent } from './torrent.ts'
import { TorrentCheck, type TorrentCheckParts } from './torrent-check.ts'
import type { TorrentContents } from './torrent-contents.ts'
import { TorrentLife } from './torrent-life.ts'
import { TorrentMover, type TorrentMoverParts } from './torrent-mover.ts'
import { wantedBy } from './wanted-files.ts'
import type { WorksHost } from './works-host.ts'
import { type Totals, WorksKeeper } from './works-keeper.ts'

export interface TorrentSetup {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  /** Absolute folder of the files. */
  readonly path: string
  readonly reporter: Reporter
  readonly context: SessionContext
  readonly options: AddOptions
  /** What was met while only a magnet link was known. */
  readonly legacy: PendingLegacy | undefined
  /** The files to download (BEP 53), unless the options select; empty or absent means all. */
  readonly ranges: readonly FileRange[] | undefined
}

type Parts = WorksHost & FileListHost & ResumeKeeperParts & TorrentMoverParts & TorrentCheckParts

const NO_RANGES: readonly FileRange[] = []

export class TorrentAssembly implements Parts, InboundTorrent {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly context: SessionContext
  readonly reporter: Reporter
  readonly keeper: WorksKeeper
  readonly life: TorrentLife
  readonly resume: ResumeKeeper
  readonly mover: TorrentMover
  /** With the limits as they are now. */
  options: AddOptions
  readonly #check: TorrentCheck
  #files: FileList | undefined
  #subject: ResumeSubject | undefined
  /** Of the files, while no storage knows it better. */
  #path: string

  /** @throws InputError `TRACKER_URL` */
  constructor(setup: TorrentSetup) {
    const { torrent, metainfo, context, options, reporter, path, legacy, ranges = NO_RANGES } = setup
    this.torrent = torrent
    this.metainfo = metainfo
    this.context = context
    this.reporter = reporter
    this.options = options
    this.#path = path
    this.keeper = new WorksKeeper(this)
    this.resume = new ResumeKeeper(this)
    this.mover = new TorrentMover(this)
    this.#check = new TorrentCheck(this)
    this.life = new TorrentLife(new TorrentActs(this, this.#check), context.clock)
    legacy?.intake.learn(identityOf(metainfo))
    if (legacy === undefined && isAnnounced(metainfo, options)) void this.keeper.intake
    // What is said once must be heard; everybody else gets works when they turn out to need them.
    if (legacy === undefined && options.select === undefined && ranges.length === 0) return
    const { dialed: inherited = [], banned = [], intake } = legacy ?? {}
    this.keeper.begin({ wanted: wantedBy(metainfo, options, ranges), inherited, banned }, intake)
  }

  // ---- facts

  get infoHash(): string {
    return toHex(this.metainfo.infoHash)
  }

  get identity(): SwarmIdentity {
    return identityOf(this.metainfo)
  }

  get clock(): Clock {
    return this.context.clock
  }

  get store(): ResumeStore | undefined {
    return this.context.resume
  }

  get state(): StateFiles | undefined {
    return this.context.resume?.files
  }

  get rules(): NonNullable<AddOptions['paths']> {
    return this.options.paths ?? 'portable'
  }

  get subject(): ResumeSubject {
    this.#subject ??= { metainfo: this.metainfo, infoHash: this.infoHash, locate: (file) => this.#locate(file) }
    return this.#subject
  }

  get have(): Bitfield {
    return this.keeper.have
  }

  get isComplete(): boolean {
    return this.keeper.isComplete
  }

  get totals(): Totals {
    return this.keeper.totals
  }

  get progress(): AnnounceProgress {
    return this.keeper.progress
  }

  /** For torrents that have files in common with this one. */
  get data(): TorrentData {
    return new TorrentData(this.torrent, this.metainfo, this.files, () => this.storage)
  }

  /** Of each file, padding not counted; empty when nobody has said anything. */
  get priorities(): readonly number[] {
    return this.keeper.awake === undefined ? [] : this.files.files.map(({ priority }) => priority)
  }

  // ---- parts that are made when they are asked for

  get files(): FileList {
    this.#files ??= new FileList(this.metainfo, this)
    return this.#files
  }

  get intake(): PeerIntake {
    return this.keeper.intake
  }

  get storage(): FileStorage {
    return this.keeper.works.storage
  }

  get contents(): TorrentContents | undefined {
    return this.keeper.awake?.contents
  }

  openContents(): TorrentContents {
    return this.keeper.works.contents
  }

  // ---- what the parts tell one another

  get settled(): Promise<void> | undefined {
    return this.life.settled
  }

  get isJoined(): boolean {
    return this.keeper.isJoined
  }

  accept(inbound: Dialed): PeerError | undefined {
    return this.intake.accept(inbound)
  }

  prioritized(): void {
    this.torrent.changed()
  }

  unused(): void {
    this.keeper.unused()
  }

  async flush(): Promise<ReadonlyMap<number, StoredFileStatus> | undefined> {
    return this.keeper.awake?.flush()
  }

  warn(error: TorrentialError): void {
    this.torrent.warn(error)
  }

  // ---- where the files are

  get path(): string {
    return this.keeper.awake?.storage.path ?? this.#path
  }

  leftPath(path: string): void {
    this.#path = path
  }

  filePath(file: number): string {
    const path = this.mover.renamed.get(file) ?? this.metainfo.files[file]?.path
    return this.keeper.awake?.storage.relativePathOf(file) ?? (path as string)
  }

  #locate(file: number): string {
    return this.keeper.awake?.storage.pathOf(file) ?? join(this.#path, this.filePath(file))
  }

  renameFile(file: number, path: string, options: MoveOptions): Promise<void> {
    return this.#relocate(options, (all) => this.mover.rename(file, path, all))
  }

  /** @throws as `Torrent.move` */
  move(path: string, options: MoveOptions): Promise<void> {
    return this.#relocate(options, (all) => this.mover.move(path, all))
  }

  async #relocate(
    options: MoveOptions,
    work: (options: MoveOptions & { readonly signal: AbortSignal }) => Promise<void>,
  ): Promise<void> {
    await this.life.between(async (closing) => {
      const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal])
      signal.throwIfAborted()
      // What is written down of the files is made anew once they are elsewhere.
      await work({ ...options, signal }).finally(() => this.resume.changed())
    })
    this.unused()
  }

  /** Ends the torrent; `forget` removes its resume record, `deleteFiles` what it wrote. @throws StorageError */
  async close(options: CloseOptions): Promise<void> {
    await this.life.close()
    if (options.forget) {
      await this.resume.forget()
      await this.mover.forget()
      const { awake } = this.keeper
      await (awake === undefined ? this.context.blocks?.delete(this.infoHash) : awake.blocks.forget())
    }
    if (options.deleteFiles) await this.storage.deleteFiles()
  }
}

function isAnnounced({ trackers: own }: Metainfo, { trackers = true }: AddOptions): boolean {
  return trackers === true ? own.length > 0 : trackers !== false
}
