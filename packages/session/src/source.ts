// An entry of its own: what a .torrent says can be had without loading a session, which is most of this package.
export type { TorrentSource } from './load-source.ts'
export { loadSource } from './load-source.ts'
