// What comes of a magnet link and the info dictionary that peers gave for it (BEP 9): the .torrent that somebody else would have.

import { FileTrees, type Magnet, type Metainfo, parseInfo, type PathRules } from '@torrential/metainfo'
import { InputError } from '@torrential/primitives'

export interface MagnetParts {
  readonly magnet: Magnet
  /** @default 'portable' */
  readonly paths: PathRules | undefined
  /** By the root of each file, as far as they came from peers. */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array> | undefined
}

export interface MagnetMetainfo {
  readonly metainfo: Metainfo
  /** What is known of the trees of a torrent whose pieces cannot be verified before the rest has come (BEP 52). */
  readonly lacking: FileTrees | undefined
}

/** `infoBytes` have the link's hash. @throws InputError when the torrent cannot be used */
export function fromInfo(infoBytes: Uint8Array, parts: MagnetParts): MagnetMetainfo {
  const { magnet, paths = 'portable', pieceLayers } = parts
  const metainfo = parseInfo(infoBytes, {
    trackers: magnet.trackers.length > 0 ? [magnet.trackers] : [],
    webSeeds: magnet.webSeeds,
    paths,
    allowMissingPieceLayers: true,
    ...(pieceLayers && { pieceLayers }),
  })
  const trees = new FileTrees(metainfo)
  // A hybrid can do without: its pieces have hashes of v1.
  return { metainfo, lacking: metainfo.version === 'v2' && trees.incomplete.length > 0 ? trees : undefined }
}

export function asInputError(error: unknown): InputError {
  if (error instanceof InputError) return error
  return new InputError('TORRENT_UNUSABLE', 'the metadata cannot be used', { cause: error })
}
