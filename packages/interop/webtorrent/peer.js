// One WebTorrent client with one torrent, driven by the same JSON lines as ../drivers/libtorrent_peer.py (commands `add`, `connect`,
// `limits`, `status`, `quit`; events `listening`, `finished`, `failed`). TCP only: no DHT, LSD, PEX, uTP or port mapping. The end
// of stdin ends the process, unless a one-shot download (`exitWhenFinished`) is under way.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import WebTorrent from 'webtorrent'

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  tracker: {},
})
let torrent
let exitWhenFinished = false

client.on('error', (error) => say({ event: 'failed', message: error.message }))
// The client opens its port with its first torrent and has no event for that when the DHT is off.
const listening = setInterval(() => {
  if (!client.torrentPort) return
  clearInterval(listening)
  say({ event: 'listening', port: client.torrentPort })
}, 10)

async function add(command) {
  exitWhenFinished = command.exitWhenFinished === true
  const source = command.magnet ?? (await readFile(command.torrent))
  limit({ upload: command.uploadLimit, download: command.downloadLimit })
  torrent = client.add(source, {
    path: command.directory,
    announce: command.trackers ?? [],
    skipVerify: command.seed === true,
    // Its default is the order of the pieces, which is also its fastest by far. A swarm that loses its seed needs the rare ones.
    strategy: command.rarestFirst === true ? 'rarest' : 'sequential',
  })
  torrent.on('warning', (warning) => say({ event: 'note', message: warning.message ?? String(warning) }))
  torrent.on('done', () => {
    say({ event: 'finished' })
    // `destroy` closes the store, so that the last writes are in the files before the process ends.
    if (exitWhenFinished) client.destroy(() => process.exit(0))
  })
  // Peers that are added before the torrent is parsed are forgotten.
  await new Promise((resolve) => torrent.once('infoHash', resolve))
  connect(command)
}

function connect(command) {
  for (const peer of command.peers ?? []) torrent.addPeer(peer)
}

function limit({ upload, download }) {
  if (upload !== undefined) client.throttleUpload(upload === 0 ? -1 : upload)
  if (download !== undefined) client.throttleDownload(download === 0 ? -1 : download)
}

function status() {
  if (torrent === undefined) return { state: 'starting', have: '', downloaded: 0, uploaded: 0, peers: 0 }
  const have = torrent.bitfield ? Buffer.from(torrent.bitfield.buffer).toString('hex') : ''
  return {
    state: torrent.done ? 'done' : torrent.ready ? 'ready' : 'starting',
    have,
    // `downloaded` would count what was found on disk.
    downloaded: torrent.received,
    uploaded: torrent.uploaded,
    peers: torrent.numPeers,
  }
}

const commands = { add, connect, limits: limit, status }

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const command = JSON.parse(line)
  if (command.command === 'quit') process.exit(0)
  try {
    say({ reply: command.id, result: (await commands[command.command](command)) ?? null })
  } catch (error) {
    say({ reply: command.id, error: error.message })
  }
})
lines.on('close', () => {
  if (!exitWhenFinished) process.exit(0)
})
