"""A small client on libtorrent-rasterbar, and a torrent maker for reference runs.

    libtorrent_peer.py run TORRENT FOLDER ADDRESS PORT    prints COMPLETE when it has everything, ends on SIGTERM
    libtorrent_peer.py create PAYLOAD TORRENT TRACKER PIECE_LENGTH
    libtorrent_peer.py infohash TORRENT
"""
import os
import signal
import sys
import time

import libtorrent as lt


def run(torrent, folder, address, port):
    session = lt.session({
        "listen_interfaces": f"{address}:{port}",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        # Several peers of one test share the loopback address.
        "allow_multiple_connections_per_ip": True,
        "min_reconnect_time": 1,
        "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification
        | lt.alert.category_t.tracker_notification,
    })
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(torrent)
    parameters.save_path = folder
    # Auto-managed torrents wait for a turn of the queue.
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(parameters)
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    complete = False
    while not ending:
        for alert in session.pop_alerts():
            print(alert.message(), file=sys.stderr, flush=True)
        if not complete and handle.status().is_seeding:
            complete = True
            print("COMPLETE", flush=True)
        time.sleep(0.05)
    # Leaving the session object to the interpreter writes what is cached.
    del handle, session


def create(payload, target, tracker, piece_length):
    storage = lt.file_storage()
    lt.add_files(storage, payload)
    maker = lt.create_torrent(storage, int(piece_length), lt.create_torrent.v1_only)
    maker.add_tracker(tracker)
    lt.set_piece_hashes(maker, os.path.dirname(payload))
    with open(target, "wb") as file:
        file.write(lt.bencode(maker.generate()))


def infohash(torrent):
    print(lt.torrent_info(torrent).info_hashes().v1)


if __name__ == "__main__":
    {"run": run, "create": create, "infohash": infohash}[sys.argv[1]](*sys.argv[2:])
