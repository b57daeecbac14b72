"""One libtorrent session with one torrent, driven by JSON lines on stdin and reporting by JSON lines on stdout.

Commands (each may carry an "id", which its reply repeats):
  {"command": "add", "torrent": PATH, "magnet": URI, "directory": DIR, "peers": ["127.0.0.1:1"], "trackers": [URL],
   "uploadLimit": N, "downloadLimit": N, "seed": BOOL, "exitWhenFinished": BOOL}
  {"command": "connect", "peers": [...]}
  {"command": "limits", "upload": N, "download": N}      bytes per second, 0 = none
  {"command": "status"}                                  -> have (hex bitfield), downloaded, uploaded, peers, state
  {"command": "quit"}
Events: {"event": "listening", "port": N}, {"event": "finished"}, {"event": "failed", "message": TEXT}.

Plain TCP only: no DHT, LSD, uTP, port mapping or encryption, so that a test meets exactly the protocol that it is about.
The end of stdin ends the process: a harness that dies leaves nothing behind.
"""

import json
import os
import queue
import sys
import threading

import libtorrent as lt

from libtorrent_common import SETTINGS, WITHOUT_ENCRYPTION, endpoint, say

PEER_SETTINGS = dict(
    SETTINGS,
    validate_https_trackers=False,
    alert_mask=SETTINGS["alert_mask"] | lt.alert.category_t.tracker_notification,
)


class Peer:
    def __init__(self, host, encryption):
        settings = dict(PEER_SETTINGS, listen_interfaces=f"{host}:0")
        if encryption == "off":
            settings.update(WITHOUT_ENCRYPTION)
        self.session = lt.session(settings)
        self.handle = None
        self.params = None
        self.is_finished = False
        self.exit_when_finished = False
        say({"event": "listening", "port": self.session.listen_port()})

    def add(self, command):
        if command.get("magnet"):
            params = lt.parse_magnet_uri(command["magnet"])
        else:
            params = lt.add_torrent_params()
            params.ti = lt.torrent_info(command["torrent"])
        params.save_path = command["directory"]
        params.trackers = list(params.trackers) + command.get("trackers", [])
        # Neither queued nor paused; a seed that is told so skips its check.
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        if command.get("seed"):
            params.flags |= lt.torrent_flags.seed_mode
        self.exit_when_finished = command.get("exitWhenFinished", False)
        self.handle = self.session.add_torrent(params)
        # Kept: an object made in Python must not be released last by a thread of libtorrent, which does not hold the interpreter's lock.
        self.params = params
        self.limit({"upload": command.get("uploadLimit"), "download": command.get("downloadLimit")})
        self.connect(command)

    def connect(self, command):
        for peer in command.get("peers", []):
            self.handle.connect_peer(endpoint(peer))

    def limit(self, command):
        # Limits of the torrent: those of the session do not hold for loopback peers.
        if command.get("upload") is not None:
            self.handle.set_upload_limit(command["upload"])
        if command.get("download") is not None:
            self.handle.set_download_limit(command["download"])

    def status(self):
        status = self.handle.status()
        bits = bytearray((len(status.pieces) + 7) // 8)
        for index, have in enumerate(status.pieces):
            if have:
                bits[index >> 3] |= 0x80 >> (index & 7)
        return {
            "state": str(status.state),
            "have": bits.hex(),
            "downloaded": status.total_payload_download,
            "uploaded": status.total_payload_upload,
            "peers": status.num_peers,
        }

    def perform(self, command):
        name = command["command"]
        if name == "add":
            return self.add(command)
        if name == "connect":
            return self.connect(command)
        if name == "limits":
            return self.limit(command)
        if name == "status":
            return self.status()
        raise ValueError(f"unknown command {name}")

    def alerts(self):
        """Reports what happened; true when the process has nothing left to do."""
        for alert in self.session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert):
                # Its pieces are verified, but some may still be on their way into the files.
                self.is_finished = True
                self.handle.flush_cache()
            elif isinstance(alert, lt.cache_flushed_alert) and self.is_finished:
                self.is_finished = False
                say({"event": "finished"})
                if self.exit_when_finished:
                    return True
            elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
                say({"event": "failed", "message": alert.message()})
            elif isinstance(alert, (lt.tracker_error_alert, lt.tracker_reply_alert, lt.hash_failed_alert)):
                say({"event": "note", "message": alert.message()})
        return False


def read_commands(commands):
    for line in sys.stdin:
        if line.strip():
            commands.put(json.loads(line))
    commands.put({"command": "quit"})


def main():
    peer = Peer(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "off")
    commands = queue.Queue()
    threading.Thread(target=read_commands, args=(commands,), daemon=True).start()
    while True:
        try:
            # A session without a torrent has nothing to report: wait for the command instead.
            command = commands.get(timeout=1) if peer.handle is None else commands.get_nowait()
        except queue.Empty:
            command = None
        if command is not None and command["command"] == "quit" and not peer.exit_when_finished:
            break
        if command is not None and command["command"] != "quit":
            try:
                say({"reply": command.get("id"), "result": peer.perform(command)})
            except Exception as problem:
                say({"reply": command.get("id"), "error": str(problem)})
            continue
        peer.session.wait_for_alert(20)
        if peer.alerts():
            break
    # Leaving through the destructor would wait for trackers; every byte is already in the files.
    sys.stdout.flush()
    os._exit(0)


main()
