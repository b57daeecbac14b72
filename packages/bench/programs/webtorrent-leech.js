// WebTorrent, whose entry is the first argument, downloading torrents; told and telling as ../programs/torrential-leech.js.
import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { readConfig, say, stdinEnds } from './config.js'

const { default: WebTorrent } = await import(process.argv[2])
const { torrents, peers = [], connections, stay } = await readConfig()
const resolution = 5
const delay = monitorEventLoopDelay({ resolution })
delay.enable()
const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  tracker: {},
  ...(connections === undefined ? {} : { maxConns: connections }),
})
client.on('error', (error) => {
  throw error
})
await Promise.all(torrents.map(download))
delay.disable()
const late = (ns) => Math.max(0, ns / 1e6 - resolution)
say({ finished: true })
if (stay) await stdinEnds()
// Closes the stores, so that the last writes are in the files before the process ends.
await new Promise((resolve) => client.destroy(resolve))
say({ values: { p99: late(delay.percentile(99)), latest: late(delay.max) } })
process.exit(0)

async function download({ file, directory }) {
  const torrent = client.add(await readFile(file), { path: directory, announce: [], strategy: 'sequential' })
  // Peers that are added before the torrent is parsed are forgotten.
  await new Promise((resolve) => torrent.once('infoHash', resolve))
  for (const peer of peers) torrent.addPeer(peer)
  await new Promise((resolve) => torrent.once('done', resolve))
}
