#pragma once

#include "harness/run/testing/script_target.h"

namespace faultline::testkit {

// Methods: count (one more each time), list, echo (its params), later (answers when `now` has been
// asked), now, clients (connections so far), made (a list), makes (adds to it at the second look
// from then on), makes_silently (the same, and never answers).
inline constexpr char kRpcServer[] = R"(
import json, os, select, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen()
print('ready', flush=True)
clients, count, waiting, total, made, looks = {}, 0, [], 0, [], 0
decoder = json.JSONDecoder()
def say(to, value):
    to.sendall(json.dumps(value).encode())
while True:
    for sock in select.select([server, *clients], [], [])[0]:
        if sock is server:
            client, _ = server.accept(); clients[client] = ''; total += 1; continue
        data = sock.recv(4096).decode()
        if not data:
            del clients[sock]; continue
        clients[sock] += data
        while clients[sock].strip():
            text = clients[sock].lstrip()
            if not text.startswith('{'):
                say(sock, {'jsonrpc': '2.0', 'id': None, 'error': {'code': -32700, 'message': 'Parse error'}})
                clients[sock] = ''; break
            try:
                request, end = decoder.raw_decode(text)
            except ValueError:
                break
            clients[sock] = text[end:]
            method, answer = request['method'], {'jsonrpc': '2.0', 'id': request.get('id')}
            if method == 'later':
                waiting.append((sock, answer)); continue
            if method == 'count': count += 1
            if method.startswith('makes'): looks = 2
            if method == 'makes_silently': continue
            if method == 'made' and looks:
                looks -= 1
                made += [] if looks else ['m']
            values = {'count': count, 'list': [{'name': 'a', 'size': 4}, {'name': 'b', 'size': 8}],
                      'echo': request.get('params'), 'now': True, 'clients': total, 'ping': 1,
                      'made': [{'name': name} for name in made], 'makes': True}
            if method in values: answer['result'] = values[method]
            else: answer['error'] = {'code': -32601, 'message': 'Method not found'}
            say(sock, answer)
            if method == 'now':
                for to, late in waiting: say(to, {**late, 'result': 'late'})
                waiting = []
)";

// Runs of that server as the target.
class RpcTarget : public ScriptTarget {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/bin/python3")) {
      GTEST_SKIP() << "no /usr/bin/python3";
    }
    Script("");
    profile_.args = {"-c", "exec /usr/bin/python3 -c \"$0\" \"$1\"", kRpcServer, "${rpc_socket}"};
    profile_.rpc = true;
    Add(WaitReadyStep{});
  }
};

}  // namespace faultline::testkit
