"""The engines that are compared, each with a state of its own: tare, podman, docker. All take docker's command line."""
import os
import re
import shutil
import subprocess
import time

KINDS = ("tare", "podman", "docker")
PACKAGES = {"podman": "podman", "dockerd": "docker.io"}


class Engine:
    """One engine; @problem says why it is not measured. Between start() and stop() its commands work. @helpers: how the
    names of the processes begin that it keeps for a container."""
    helpers = ()

    def __init__(self, kind, path, directory):
        self.name = self.kind = kind
        self.path, self.dir = path, os.path.join(directory, kind)
        self.problem = None if path else "not built" if kind == "tare" else "not installed"
        self.options, self.run_options = [], []
        self.asked = {}  # the command lines of which cmd() was asked, in order

    def cmd(self, *args):
        argv = [self.path, *self.options, *args]
        self.asked[" ".join(argv)] = None
        return argv

    def run_cmd(self, *args):
        """`run` with what this engine needs on every machine."""
        return self.cmd("run", *self.run_options, *args)

    def call(self, *args, timeout=600, check=True):
        """Run a command to its end; its stdout. Its last words become the exception."""
        return self._finish(self.cmd(*args), timeout, check)

    def call_run(self, *args):
        return self._finish(self.run_cmd(*args), 600, True)

    def _finish(self, argv, timeout, check):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=timeout)
        if check and done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1]
            raise RuntimeError(f"{argv[1 + len(self.options)]}: {words[:200]}")
        return done.stdout

    def version(self):
        out = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
        found = re.search(r"\d+\.\d+[^\s,]*", out)
        return found.group(0) if found else "?"

    def start(self):
        os.makedirs(self.dir)

    def stop(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def daemons(self):
        """Its processes that live without any container."""
        return set()


class Tare(Engine):
    helpers = ("tare",)

    def start(self):
        super().start()
        os.environ["TARE_ROOT"] = os.path.join(self.dir, "data")
        os.environ["TARE_RUN_ROOT"] = "/run/tare-bench"  # a tmpfs of ours


class Podman(Engine):
    helpers = ("conmon", "podman", "crun", "runc", "catatonit")

    def start(self):
        super().start()
        conf = os.path.join(self.dir, "containers.conf")
        with open(conf, "w", encoding="utf-8") as f:
            # The limits: podman raises them by default, which not every root may.
            f.write('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nlog_driver = "k8s-file"\n'
                    '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n')
        os.environ["CONTAINERS_CONF"] = conf
        self.options = ["--root", os.path.join(self.dir, "data"), "--runroot", "/run/podman-bench", "--storage-driver",
                        "overlay"]

    def stop(self):
        for path in (os.path.join(self.dir, "data/overlay"), os.path.join(self.dir, "data")):
            subprocess.run(["umount", "-l", path], check=False, stderr=subprocess.DEVNULL)
        super().stop()


class Docker(Engine):
    """Its daemon is started and ended by us, with everything of it in our directory."""
    helpers = ("containerd-shim", "docker", "runc")
    daemon = None

    def start(self):
        super().start()
        socket = "unix:///run/docker-bench.sock"
        log = open(os.path.join(self.dir, "dockerd.log"), "ab")  # pylint: disable=consider-using-with
        argv = [shutil.which("dockerd"), "-H", socket, "--data-root", os.path.join(self.dir, "data"), "--exec-root",
                "/run/docker-bench", "--pidfile", "/run/docker-bench.pid", "--log-level", "error"]
        self.daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # pylint: disable=consider-using-with
        log.close()
        self.options = ["-H", socket]
        deadline = time.monotonic() + 60
        while self.daemon.poll() is None and time.monotonic() < deadline:
            if subprocess.run(self.cmd("version"), check=False, capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        with open(os.path.join(self.dir, "dockerd.log"), encoding="utf-8", errors="replace") as f:
            words = f.read().strip().splitlines()[-1:]
        raise RuntimeError("dockerd did not come up: " + (words[0][-200:] if words else "no word from it"))

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            try:
                self.daemon.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        super().stop()

    def daemons(self):
        found, todo = set(), [self.daemon.pid] if self.daemon else []
        while todo:
            pid = todo.pop()
            found.add(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    todo += [int(x) for x in f.read().split()]
            except OSError:
                pass
        return found


def _docker_client():
    """The client that came with the daemon: another one may stand before it in PATH."""
    daemon = shutil.which("dockerd")
    beside = daemon and os.path.join(os.path.dirname(daemon).replace("sbin", "bin"), "docker")
    return (beside if beside and os.access(beside, os.X_OK) else shutil.which("docker")) if daemon else None


def find(build, directory):
    tare = os.path.join(build, "tare")
    return [Tare("tare", tare if os.access(tare, os.X_OK) else None, directory),
            Podman("podman", shutil.which("podman"), directory), Docker("docker", _docker_client(), directory)]
