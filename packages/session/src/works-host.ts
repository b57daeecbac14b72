// What the parts that move a torrent's data (torrent-works.ts) need of the torrent that outlives them.

import type { Metainfo } from '@torrential/metainfo'
import type { AnnounceProgress } from '@torrential/tracker'
import type { FileList } from './file-list.ts'
import type { AddOptions } from './options.ts'
import type { PeerIntake } from './peer-intake.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import type { ResumeKeeper } from './state/resume-keeper.ts'
import type { ResumeSubject } from './state/resume-store.ts'
import type { Torrent } from './torrent.ts'
import type { TorrentLife } from './torrent-life.ts'
import type { TorrentMover } from './torrent-mover.ts'

export interface WorksHost {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly context: SessionContext
  readonly reporter: Reporter
  /** With the limits as they are now. */
  readonly options: AddOptions
  readonly intake: PeerIntake
  readonly life: TorrentLife
  readonly resume: ResumeKeeper
  readonly mover: TorrentMover
  readonly subject: ResumeSubject
  readonly files: FileList
  readonly progress: AnnounceProgress
  /** Somebody needs the parts no more; perhaps nobody does. */
  unused(): void
  /** The works are gone; this is where they had the files. */
  leftPath(path: string): void
}
