// What can be impossible about a result, whatever the input was: the judge of the mutation tests.

import { createHash } from 'node:crypto'
import { posix, win32 } from 'node:path'
import { toHex } from '@torrential/primitives'
import type { Magnet, Metainfo } from '../src/index.ts'

/** One element of a portable path. */
// oxlint-disable-next-line no-control-regex
const CLEAN = /^[^\u0000-\u001f\u007f\\:*?"<>|\u202a-\u202e]{1,240}$/

/** What is impossible about a torrent; empty when nothing is. */
export function torrentFaults(metainfo: Metainfo): string[] {
  const { geometry, files, version, infoBytes } = metainfo
  const { pieceLength, pieceCount } = geometry
  const lengths = files.map(({ length }) => length)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const pieces =
    version === 'v2'
      ? lengths.reduce((sum, length) => sum + Math.ceil(length / pieceLength), 0)
      : Math.ceil(total / pieceLength)
  const sha1 = createHash('sha1').update(infoBytes).digest('hex')
  const sha256 = createHash('sha256').update(infoBytes).digest('hex')
  const checks: Record<string, boolean> = {
    'piece length': Number.isInteger(pieceLength) && pieceLength > 0 && pieceLength <= 2 ** 29,
    'power of two': version === 'v1' || (Number.isInteger(Math.log2(pieceLength)) && pieceLength >= 16_384),
    'piece count': pieceCount === pieces && pieces > 0 && pieces <= 2_097_152,
    'piece hashes': version === 'v2' ? !metainfo.pieceHashes : metainfo.pieceHashes?.length === 20 * pieceCount,
    lengths: lengths.every((length) => Number.isSafeInteger(length) && length >= 0) && Number.isSafeInteger(total),
    total:
      metainfo.length === files.reduce((sum, file) => sum + (file.pad ? 0 : file.length), 0) && metainfo.length > 0,
    files: files.length === geometry.files.length && files.every(({ index }, i) => index === i),
    roots: version === 'v1' || files.every((file) => file.pad || (file.piecesRoot?.length === 32) === file.length > 0),
    'v1 infohash': version === 'v2' ? !metainfo.infoHashV1 : toHex(metainfo.infoHashV1 ?? new Uint8Array()) === sha1,
    'v2 infohash': version === 'v1' ? !metainfo.infoHashV2 : toHex(metainfo.infoHashV2 ?? new Uint8Array()) === sha256,
    infohash: toHex(metainfo.infoHash) === (version === 'v2' ? sha256.slice(0, 40) : sha1),
    trackers: metainfo.trackers.flat().every((url) => /^(?:https?|udp|wss?):/i.test(url) && !/\s/.test(url)),
    seeds: [...metainfo.webSeeds, ...metainfo.httpSeeds].every((url) => /^https?:/i.test(url)),
    nodes: metainfo.nodes.every(({ port }) => Number.isInteger(port) && port > 0 && port < 65_536),
    date: metainfo.creationDate === undefined || metainfo.creationDate >= 0,
    'last piece': lastPieceIsWhole(metainfo),
    paths: pathsAreSafe(metainfo),
  }
  return Object.entries(checks)
    .filter(([, passed]) => !passed)
    .map(([name]) => name)
}

function lastPieceIsWhole({ geometry }: Metainfo): boolean {
  const last = geometry.piece(geometry.pieceCount - 1)
  if (last === undefined) return false
  const length = geometry.lengthOf(last)
  let covered = 0
  for (const slice of geometry.slices(last, 0, length)) covered += slice.length
  return length > 0 && length <= geometry.pieceLength && covered === length
}

function pathsAreSafe({ files, isMultiFile, name }: Metainfo): boolean {
  const folded = new Set<string>()
  const isInside = (path: string) => {
    const posixRoot = isMultiFile ? `/base/${name}/` : '/base/'
    const inPosix = posix.resolve('/base', path)
    const inWindows = win32.resolve('C:\\base', path)
    return (
      inPosix === `/base/${path}` &&
      inPosix.startsWith(posixRoot) &&
      inWindows === `C:\\base\\${path.replaceAll('/', '\\')}`
    )
  }
  const isClean = (path: string) => path.split('/').every((element) => CLEAN.test(element) && !/[. ]$/.test(element))
  for (const { path, symlink } of files) {
    if (!isInside(path) || !isClean(path)) return false
    if (symlink !== undefined && (!isInside(symlink) || !isClean(symlink))) return false
    folded.add(path.normalize('NFC').toLowerCase())
  }
  const elements = name.split('/').length
  return folded.size === files.length && elements === 1 && name !== '..' && (isMultiFile || files.length === 1)
}

/** What is impossible about a link; empty when nothing is. */
export function magnetFaults(magnet: Magnet): string[] {
  const checks: Record<string, boolean> = {
    infohash: magnet.infoHash.length === 20 && (magnet.infoHashV1 ?? magnet.infoHash).length === 20,
    'v2 infohash': magnet.infoHashV2 === undefined || magnet.infoHashV2.length === 32,
    either: magnet.infoHashV1 !== undefined || magnet.infoHashV2 !== undefined,
    name:
      magnet.name === undefined || (!/[/\\\0]|^\.{0,2}$/.test(magnet.name) && Buffer.byteLength(magnet.name) <= 240),
    length: magnet.length === undefined || (Number.isSafeInteger(magnet.length) && magnet.length >= 0),
    trackers: magnet.trackers.every((url) => /^(?:https?|udp|wss?):/i.test(url)),
    peers: [...magnet.peers, ...magnet.namedPeers].every(({ port }) => port > 0 && port < 65_536),
    select: magnet.select.every(({ start, end }, i) => start < end && start > (magnet.select[i - 1]?.end ?? -1)),
  }
  return Object.entries(checks)
    .filter(([, passed]) => !passed)
    .map(([name]) => name)
}
