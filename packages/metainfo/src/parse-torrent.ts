// From the bytes of a .torrent, or of an info dictionary alone, to a `Metainfo`. The order is: caps, syntax, info dictionary,
// piece layers, the rest. Keys may be out of order, as old writers left them, because the infohash is taken over the bytes as
// they came; nothing is ever encoded again to get it.

import { createHash } from 'node:crypto'
import { type BencodeDict, decodeWithSpans, dictAt, encode, isDict, raw } from '@torrential/bencode'
import { infoHashFrom, infoHashV2From, InputError, toHex, truncateInfoHash } from '@torrential/primitives'
import { readInfo } from './info.ts'
import { METAINFO_LIMITS, type Metainfo, type MetainfoLimits, type ParseOptions } from './metainfo.ts'
import { type OuterFields, readOuterFields } from './outer-fields.ts'
import { checkPieceLayers } from './piece-layers.ts'
import { joinRelations, readRelations } from './relations.ts'
import { dedupeTiers, usableUrl, WEB_SCHEMES } from './urls.ts'

/** What is known about an info dictionary from elsewhere: a magnet link, other peers. */
export interface InfoExtras extends ParseOptions {
  readonly trackers?: readonly (readonly string[])[]
  readonly webSeeds?: readonly string[]
  /** v2 and hybrid: 32 bytes per piece, by pieces root in latin1. */
  readonly pieceLayers?: ReadonlyMap<string, Uint8Array>
}

/**
 * Reads a .torrent: v1, v2 or hybrid (BEP 3, 5, 12, 17, 19, 27, 38, 47, 52).
 *
 * @throws InputError `TORRENT_SIZE`, `TORRENT_INFO`, `TORRENT_VERSION`, `TORRENT_NAME`, `TORRENT_PIECE_LENGTH`,
 * `TORRENT_PIECES`, `TORRENT_PIECE_COUNT`, `TORRENT_FILES`, `TORRENT_FILE_COUNT`, `TORRENT_FILE_LENGTH`, `TORRENT_TOTAL_LENGTH`, `TORRENT_EMPTY`,
 * `TORRENT_PATH`, `TORRENT_PATH_COLLISIONS`, `TORRENT_SYMLINK`, `TORRENT_FILE_TREE`, `TORRENT_FILE_TREE_NAME`,
 * `TORRENT_PIECES_ROOT`, `TORRENT_PIECE_LAYER`, `TORRENT_PIECE_LAYER_MISSING`, `TORRENT_PIECE_LAYER_LENGTH`,
 * `TORRENT_PIECE_LAYER_SURPLUS`, `TORRENT_HYBRID`; the `BENCODE_` codes of `validate` in @torrential/bencode
 */
export function parseTorrent(bytes: Uint8Array, options: ParseOptions = {}): Metainfo {
  const limits = { ...METAINFO_LIMITS, ...options.limits }
  checkSize(bytes, limits)
  const decoded = decodeWithSpans(bytes, { ...limits, mode: 'lenient', apart: ['info', 'files'] })
  const dict = decoded.value
  const info = isDict(dict) ? dictAt(dict, 'info') : undefined
  const infoBytes = decoded.slice('info')
  if (!isDict(dict) || info === undefined || infoBytes === undefined) {
    throw new InputError('TORRENT_INFO', 'there is no info dictionary')
  }
  const layers = dictAt(dict, 'piece layers') ?? new Map()
  const fileList = decoded.slice('info', 'files')
  const outer = readOuterFields(dict, limits.maxUrls)
  return assemble({ info, fileList, infoBytes, layers, bytes, outer, limits, options })
}

/**
 * Makes a `Metainfo` from the bytes of an info dictionary alone, as they come from other peers (BEP 9). `bytes` of the result
 * is a .torrent that holds it and the extras.
 *
 * @throws InputError as `parseTorrent`; a missing piece layer is `TORRENT_PIECE_LAYER_MISSING` unless `allowMissingPieceLayers`
 */
export function parseInfo(infoBytes: Uint8Array, extras: InfoExtras = {}): Metainfo {
  const limits = { ...METAINFO_LIMITS, ...extras.limits }
  checkSize(infoBytes, limits)
  const decoded = decodeWithSpans(infoBytes, { ...limits, mode: 'lenient', apart: ['files'] })
  const info = decoded.value
  if (!isDict(info)) throw new InputError('BENCODE_NOT_DICT', 'the value is not a dictionary', { offset: 0 })
  const fileList = decoded.slice('files')
  const trackers = dedupeTiers(extras.trackers ?? [])
  const webSeeds = (extras.webSeeds ?? []).filter((url) => usableUrl(url, WEB_SCHEMES) !== undefined)
  const layers = extras.pieceLayers ?? new Map<string, Uint8Array>()
  const bytes = torrentAround(infoBytes, { trackers, webSeeds, layers })
  const outer: OuterFields = { trackers, webSeeds, httpSeeds: [], nodes: [], similar: [], collections: [] }
  return assemble({ info, fileList, infoBytes, layers, bytes, outer, limits, options: extras })
}

/**
 * A `Metainfo` of `parseInfo` with the piece layers that came later, 32 bytes per piece by pieces root in latin1; its `bytes` have
 * them too. They are taken as they are: whoever got them has proven them against their roots.
 */
export function withPieceLayers(metainfo: Metainfo, pieceLayers: ReadonlyMap<string, Uint8Array>): Metainfo {
  const { infoBytes, trackers, webSeeds } = metainfo
  return { ...metainfo, pieceLayers, bytes: torrentAround(infoBytes, { trackers, webSeeds, layers: pieceLayers }) }
}

function torrentAround(
  infoBytes: Uint8Array,
  { trackers, webSeeds, layers }: Pick<Metainfo, 'trackers' | 'webSeeds'> & { layers: Metainfo['pieceLayers'] },
): Uint8Array {
  return encode({
    announce: trackers[0]?.[0],
    'announce-list': trackers.length > 0 ? trackers : undefined,
    info: raw(infoBytes),
    'piece layers': layers.size > 0 ? layers : undefined,
    'url-list': webSeeds.length > 0 ? webSeeds : undefined,
  })
}

const NO_LAYERS: Metainfo['pieceLayers'] = new Map()

interface Read {
  readonly info: BencodeDict
  readonly fileList: Uint8Array | undefined
  readonly infoBytes: Uint8Array
  readonly layers: BencodeDict | ReadonlyMap<string, Uint8Array>
  readonly bytes: Uint8Array
  readonly outer: OuterFields
  readonly limits: Required<MetainfoLimits>
  readonly options: ParseOptions
}

function assemble({ info, fileList, infoBytes, layers, bytes, outer, limits, options }: Read): Metainfo {
  const sha1 = infoHashFrom(digest('sha1', infoBytes))
  const paths = options.paths ?? 'portable'
  const read = readInfo(info, { limits, paths, fileList, fallbackName: toHex(sha1) })
  const { version, name, geometry, files, listed, isMultiFile } = read
  const sha256 = version === 'v1' ? undefined : infoHashV2From(digest('sha256', infoBytes))
  const { similar, collections } = joinRelations(readRelations(info, limits.maxUrls), outer, limits.maxUrls)
  const metainfo: Growing = {
    version,
    name,
    infoHash: version === 'v2' && sha256 !== undefined ? truncateInfoHash(sha256) : sha1,
    geometry,
    files,
    isMultiFile,
    length: geometry.length,
    pieceLayers:
      version === 'v1'
        ? NO_LAYERS
        : checkPieceLayers(listed, layers, geometry.pieceLength, options.allowMissingPieceLayers ?? false),
    private: read.private,
    trackers: orNone(outer.trackers),
    webSeeds: orNone(outer.webSeeds),
    httpSeeds: orNone(outer.httpSeeds),
    nodes: orNone(outer.nodes),
    similar: orNone(similar),
    collections: orNone(collections),
    infoBytes,
    bytes,
    pathRules: paths,
  }
  // One key after the other and nothing spread: ten thousand torrents share one hidden class then, instead of 600 bytes each.
  if (version !== 'v2') metainfo.infoHashV1 = sha1
  if (sha256 !== undefined) metainfo.infoHashV2 = sha256
  if (read.pieceHashes !== undefined) metainfo.pieceHashes = read.pieceHashes
  if (read.source !== undefined) metainfo.source = read.source
  if (outer.comment !== undefined) metainfo.comment = outer.comment
  if (outer.createdBy !== undefined) metainfo.createdBy = outer.createdBy
  if (outer.creationDate !== undefined) metainfo.creationDate = outer.creationDate
  return metainfo
}

type Growing = { -readonly [Key in keyof Metainfo]: Metainfo[Key] }

const NONE: readonly never[] = []

/** All that are empty are one. */
function orNone<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? NONE : list
}

function checkSize(bytes: Uint8Array, limits: Required<MetainfoLimits>): void {
  if (bytes instanceof Uint8Array && bytes.length > limits.maxLength) {
    throw new InputError('TORRENT_SIZE', `${bytes.length} bytes, more than ${limits.maxLength}`)
  }
}

function digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest())
}
