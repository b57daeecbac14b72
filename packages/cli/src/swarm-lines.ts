// From events and snapshots of the session to the lines that are reported.

import type { LaggedEvent } from '@torrential/primitives'
import type { SessionEvent, Torrent } from '@torrential/session'
import type { MetadataLine, ProgressLine, ReadyLine, ReportLine } from './json-lines.ts'

export function readyLine(torrent: Torrent, port: number): ReadyLine {
  const { have, of } = torrent.stats
  const { infoHash, name, infoHashV1 = null, infoHashV2 = null } = torrent
  return { type: 'ready', torrent: infoHash, name, infoHashV1, infoHashV2, port, have, of }
}

export function metadataLine(torrent: Torrent): MetadataLine {
  const { infoHash, name, infoHashV1 = null, infoHashV2 = null, length, pieceLength, pieceCount } = torrent
  const files = torrent.files.length
  return { type: 'metadata', torrent: infoHash, name, infoHashV1, infoHashV2, length, pieceLength, pieceCount, files }
}

/** Bytes of blocks. */
export interface Moved {
  readonly downloaded: number
  readonly uploaded: number
}

/** `before` is what earlier runs moved. */
export function progressOf(torrent: Torrent, before: Moved = { downloaded: 0, uploaded: 0 }): ProgressLine {
  const { downloaded, uploaded, have, of, downRate, upRate, peers, bytesWanted, bytesLeft, eta } = torrent.stats
  return {
    type: 'progress',
    torrent: torrent.infoHash,
    name: torrent.name,
    downloaded: downloaded - before.downloaded,
    uploaded: uploaded - before.uploaded,
    have,
    of,
    downRate: Math.round(downRate),
    upRate: Math.round(upRate),
    peers,
    bytesWanted,
    bytesLeft,
    eta: eta === undefined || !Number.isFinite(eta) ? null : Math.round(eta),
  }
}

/** The line that an event is, as far as an event alone can tell; undefined for those that nobody waits for. */
export function swarmLine(event: SessionEvent | LaggedEvent): ReportLine | undefined {
  switch (event.type) {
    case 'checking': {
      const { done, have, of } = event
      return { type: 'checking', torrent: event.torrent.infoHash, done, have, of }
    }
    case 'piece': {
      const { piece, have, of } = event
      return { type: 'piece', torrent: event.torrent.infoHash, piece, have, of }
    }
    case 'file-complete': {
      const { path, length } = event.file
      return { type: 'file-complete', torrent: event.torrent.infoHash, path, length }
    }
    case 'warning':
    case 'tracker-error': {
      const { code, message } = event.error
      const url = 'url' in event ? { url: event.url } : {}
      const torrent = event.torrent && { torrent: event.torrent.infoHash }
      return { type: 'warning', ...torrent, ...url, code, message }
    }
    case 'tracker-warning': {
      const { url, message } = event
      return { type: 'warning', torrent: event.torrent.infoHash, url, code: 'TRACKER_WARNING', message }
    }
    case 'lagged':
      return { type: 'lagged', dropped: event.dropped }
    default:
      return undefined
  }
}
