"""An S3 server on the loopback interface, which can keep a transfer waiting half-way."""

from threading import Event, Lock, Thread

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

OBJECT = "/files/md5/"  # in the path of each of DVC's objects; lists of a directory's files end with .dir


class S3:
    """moto's. A context: it is stopped at the end."""

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.lock, self.ended = Lock(), Event()
        self.method, self.left, self.waits = "", 0, Event()

    def __enter__(self) -> "S3":
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def hold(self, method: str, after: int) -> None:
        """Has requests for files by this method wait when so many were answered; who waits gets no answer.

        Lists are answered: a pull that is killed while it still reads those leaves DVC with half an index, which it
        takes for the whole (github.com/treeverse/dvc/issues/9786 and 9826).
        """
        self.method, self.left, self.waits, self.ended = method, after, Event(), Event()

    def go_on(self) -> None:
        """Answers all requests from now on."""
        self.method = ""
        self.ended.set()

    def _answer(self, environ: dict, start_response):
        if self._is_held(environ):
            ended = self.ended
            self.waits.set()
            ended.wait()
            start_response("503 Service Unavailable", [])
            return [b""]
        return self.moto(environ, start_response)

    def _is_held(self, environ: dict) -> bool:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != self.method or OBJECT not in path or path.endswith(".dir"):
            return False
        with self.lock:
            self.left -= 1
            return self.left < 0
