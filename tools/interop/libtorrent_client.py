"""A libtorrent session told what to do by JSON lines on stdin, and telling on stdout what became of it.

Nothing but the DHT finds peers for it: no tracker, no local discovery, no peer exchange, no port mapping, no uTP.
It ends when stdin does. Bytes travel as hex.
"""
import json
import os
import select
import sys

import libtorrent as lt

CONFIG = json.loads(sys.argv[1])


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


session = lt.session(
    {
        "listen_interfaces": CONFIG["listen"],
        "alert_mask": lt.alert.category_t.dht_notification
        | lt.alert.category_t.stats_notification
        | lt.alert.category_t.status_notification
        | lt.alert.category_t.error_notification,
        "enable_dht": True,
        "dht_bootstrap_nodes": CONFIG.get("bootstrap", ""),
        # Clients of one test share a /24 and a /64, and their addresses are nobody's on the internet.
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_ignore_dark_internet": False,
        "allow_multiple_connections_per_ip": True,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
    }
)
torrents = {}


def add_torrent(file, folder):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(file)
    params.save_path = folder
    params.flags |= lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd
    torrents[str(params.ti.info_hash())] = session.add_torrent(params)


def value_of(alert):
    """The item's value: alerts carry it in a dictionary, beside what it was found by."""
    return bytes(alert.item["value"]).hex()


def tell(command):
    do = command["do"]
    if do == "add-node":
        session.add_dht_node((command["host"], command["port"]))
    elif do == "torrent":
        add_torrent(command["file"], command["folder"])
    elif do == "put-immutable":
        target = session.dht_put_immutable_item(bytes.fromhex(command["value"]))
        say("putting", target=str(target))
    elif do == "get-immutable":
        session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(command["target"])))
    elif do == "put-mutable":
        private, public = bytes.fromhex(command["private"]), bytes.fromhex(command["public"])
        value, salt = bytes.fromhex(command["value"]), bytes.fromhex(command["salt"])
        session.dht_put_mutable_item(private, public, value, salt)
    elif do == "get-mutable":
        session.dht_get_mutable_item(bytes.fromhex(command["public"]), bytes.fromhex(command["salt"]))
    elif do == "list":
        state = session.save_state(lt.save_state_flags_t.save_dht_state)[b"dht state"]
        # For each address it listens on: its id there, and the address.
        for own in state[b"node-id"]:
            session.dht_live_nodes(lt.sha1_hash(own[:20]))


def hear(alert):
    if isinstance(alert, lt.session_stats_alert):
        return {"event": "table", "nodes": alert.values["dht.dht_nodes"]}
    if isinstance(alert, lt.dht_live_nodes_alert):
        say("live", nodes=[str(node["nid"]) for node in alert.nodes])
    elif isinstance(alert, lt.dht_put_alert):
        say("put", target=str(alert.target), stored=alert.num_success)
    elif isinstance(alert, lt.dht_immutable_item_alert):
        say("immutable", target=str(alert.target), value=value_of(alert))
    elif isinstance(alert, lt.dht_mutable_item_alert):
        say("mutable", value=value_of(alert), seq=alert.seq, authoritative=alert.authoritative)
    elif isinstance(alert, (lt.listen_failed_alert, lt.torrent_error_alert)):
        say("error", message=alert.message())
    return None


said = {}


def say_changed(key, line):
    if said.get(key) != line:
        said[key] = line
        print(json.dumps(line), flush=True)


unread = b""
while True:
    if select.select([0], [], [], 0.2)[0]:
        data = os.read(0, 65536)
        if data == b"":
            break
        *commands, unread = (unread + data).split(b"\n")
        for text in commands:
            tell(json.loads(text))
    session.post_session_stats()
    for alert in session.pop_alerts():
        line = hear(alert)
        if line is not None:
            say_changed("table", line)
    for info_hash, handle in torrents.items():
        status = handle.status()
        line = {"event": "torrent", "infoHash": info_hash, "state": str(status.state), "seeding": status.is_seeding}
        say_changed(info_hash, line)
