// Makes a torrent's works (torrent-works.ts) when somebody needs them, and lets go of them when nobody has for a while: a torrent
// that has everything, to which nobody is connected and of which nobody reads, rests without them. Making them again takes no
// look at the disk, since all that they have to know is that every piece is here; so whoever needs them has them at once.
//
// The intake of connections is here too, as it is used by the works or, while there are none, by `RestingSwarm`. A torrent without
// trackers has none before its first peer.

import { FileTrees } from '@torrential/metainfo'
import { Bitfield, InputError, type PeerAddress } from '@torrential/primitives'
import type { AnnounceProgress } from '@torrential/tracker'
import type { Dialed } from './dialer.ts'
import { DEFAULTS } from './options.ts'
import { PeerIntake } from './peer-intake.ts'
import { RestingSwarm } from './resting-swarm.ts'
import { identityOf } from './swarm-identity.ts'
import { restingStats, type TorrentStats, worksStats } from './torrent-stats.ts'
import { TorrentWorks } from './torrent-works.ts'
import type { WorksHost } from './works-host.ts'

/** What the first works begin with, when they are there from the start. */
export interface FirstWorks {
  readonly wanted: (file: number) => boolean
  readonly inherited: readonly Dialed[]
  readonly banned: readonly PeerAddress[]
}

/** Payload bytes of the torrent's life. */
export interface Totals {
  readonly uploaded: number
  readonly downloaded: number
  readonly wasted: number
}

const NO_TOTALS: Totals = { uploaded: 0, downloaded: 0, wasted: 0 }
const PLAIN: FirstWorks = { wanted: () => true, inherited: [], banned: [] }

export class WorksKeeper {
  readonly #host: WorksHost
  #intake: PeerIntake | undefined
  #works: TorrentWorks | undefined
  /** Of the time before the works of now, earlier sessions included. */
  #before = NO_TOTALS
  /** While there are no works. */
  #isComplete = false
  #isJoined = false
  #isDataPaused = false
  #isReleased = false
  #timer: Disposable | undefined

  constructor(host: WorksHost) {
    this.#host = host
  }

  /** Made when they are asked for. */
  get works(): TorrentWorks {
    return this.#works ?? this.#wake(PLAIN)
  }

  /** As far as they are made. */
  get awake(): TorrentWorks | undefined {
    return this.#works
  }

  /** Made when it is asked for. */
  get intake(): PeerIntake {
    if (this.#intake === undefined) {
      const { torrent, metainfo, reporter, context, options } = this.#host
      const identity = identityOf(metainfo)
      this.#intake = new PeerIntake({ torrent, identity, tiers: metainfo.trackers, reporter, context }, options)
      if (this.#isJoined) this.#intake.start(this.#works?.swarm ?? this.#restingSwarm())
    }
    return this.#intake
  }

  get isJoined(): boolean {
    return this.#isJoined
  }

  get knownIntake(): PeerIntake | undefined {
    return this.#intake
  }

  /** Every piece is here. */
  get isComplete(): boolean {
    return this.#works?.engine.have.isComplete ?? this.#isComplete
  }

  /** Every wanted piece is here. */
  get isFinished(): boolean {
    return this.#works?.engine.isFinished ?? this.#isComplete
  }

  /** The live one of the works, or one like it. */
  get have(): Bitfield {
    const { pieceCount } = this.#host.metainfo.geometry
    return this.#works?.engine.have ?? (this.#isComplete ? Bitfield.full(pieceCount) : new Bitfield(pieceCount))
  }

  get totals(): Totals {
    const { uploaded, downloaded, wasted } = this.#before
    const moved = this.#works?.engine.totals
    if (moved === undefined) return this.#before
    return {
      uploaded: uploaded + moved.uploaded,
      downloaded: downloaded + moved.downloaded,
      wasted: wasted + moved.wasted,
    }
  }

  /** What trackers are told: `left` counts what is not wanted too. */
  get progress(): AnnounceProgress {
    const { uploaded, downloaded } = this.totals
    const missing = this.#isComplete ? 0 : this.#host.metainfo.length
    return { uploaded, downloaded, left: this.#works?.contents.bytesMissing ?? missing }
  }

  get stats(): TorrentStats {
    if (this.#works !== undefined) return worksStats(this.#works, this.totals)
    return restingStats(this.#host.metainfo, this.#isComplete, this.totals)
  }

  /** What earlier sessions moved. */
  setTotals(uploaded: number, downloaded: number): void {
    if (uploaded + downloaded > 0) this.#before = { ...this.#before, uploaded, downloaded }
  }

  /** Works from the start: what `first` says is said once. */
  begin(first: FirstWorks, intake: PeerIntake | undefined): void {
    this.#intake ??= intake
    this.#wake(first)
  }

  /** Everything is here: works are not needed to know that. False when they are there already. */
  rest(): boolean {
    if (this.#works !== undefined || !hasTrees(this.#host)) return false
    this.#isComplete = true
    return true
  }

  join(): void {
    this.#isJoined = true
    if (this.#works !== undefined) this.#works.swarm.start()
    else this.#intake?.start(this.#restingSwarm())
  }

  async leave(): Promise<void> {
    this.#isJoined = false
    await (this.#works === undefined ? this.#intake?.stop() : this.#works.swarm.stop())
  }

  setDataPaused(paused: boolean): void {
    this.#isDataPaused = paused
    this.#works?.swarm.driver.setPaused(paused)
  }

  /** Somebody needs the works no more. When nobody does for a while, they go. */
  unused(): void {
    if (this.#timer !== undefined || this.#isReleased || this.#works?.isUnused !== true) return
    this.#timer = this.#host.context.clock.timer(DEFAULTS.restAfter, () => {
      this.#timer = undefined
      // In turn with checks, moves, starts and stops; a torrent that is closed meanwhile needs no rest.
      void this.#host.life.between(() => this.#letGo()).catch(() => {})
    })
  }

  /** The torrent is closed. */
  async release(): Promise<void> {
    this.#isReleased = true
    this.#timer?.[Symbol.dispose]()
    const works = this.#works
    if (works !== undefined) {
      works.contents.close(closed())
      // What is being written is finished first: a record made before would not fit the files a moment later.
      works.swarm.driver.setPaused(true)
      await works.swarm.driver.idle()
      await works.blocks.save()
    }
    await this.#host.resume.close()
    await works?.release()
  }

  #wake(first: FirstWorks): TorrentWorks {
    const { mover } = this.#host
    const works = new TorrentWorks(this.#host, { ...first, have: this.have, path: mover.path, renamed: mover.renamed })
    this.#works = works
    if (this.#isDataPaused) works.swarm.driver.setPaused(true)
    if (this.#isReleased) {
      works.contents.close(closed())
      void works.release()
    } else if (this.#isJoined) works.swarm.start()
    this.unused()
    return works
  }

  async #letGo(): Promise<void> {
    const { resume, mover, life } = this.#host
    const works = this.#works
    const mayGo = () =>
      this.#works === works && works?.isUnused === true && !mover.isOnTheWay && life.error === undefined
    if (works === undefined || !mayGo()) return
    await works.swarm.driver.idle()
    // What was written must be durable before there is nobody left to ask for that.
    await works.storage.flush()
    await resume.save(true)
    if (!mayGo() || !resume.isSettled) return
    this.#before = this.totals
    this.#isComplete = true
    this.#works = undefined
    this.#host.leftPath(works.storage.path)
    if (this.#isJoined) this.#intake?.start(this.#restingSwarm())
    await works.release()
  }

  #restingSwarm(): RestingSwarm {
    return new RestingSwarm(this)
  }
}

/** Not so of a hybrid torrent whose piece layers are still to come from peers. */
function hasTrees({ metainfo }: WorksHost): boolean {
  return metainfo.version === 'v1' || new FileTrees(metainfo).incomplete.length === 0
}

function closed(): InputError {
  return new InputError('TORRENT_CLOSED', 'the torrent was removed, or its session closed')
}
