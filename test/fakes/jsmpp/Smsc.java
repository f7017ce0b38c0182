import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLServerSocketFactory;
import org.jsmpp.bean.*;
import org.jsmpp.examples.SMPPServerSimulator;
import org.jsmpp.extra.SessionState;
import org.jsmpp.session.*;
import org.jsmpp.session.connection.Connection;
import org.jsmpp.session.connection.ServerConnection;
import org.jsmpp.session.connection.ServerConnectionFactory;
import org.jsmpp.session.connection.socket.ServerSocketConnection;

/**
 * An SMSC of jSMPP's on 127.0.0.1, that takes whoever binds; with the argument "tls" over TLS, by the key store of
 * javax.net.ssl. Its first line is its port. Each line of its input is an order, which it answers with a line:
 *
 * <p>{@code deliver ESM_CLASS DATA_CODING SOURCE DESTINATION HEX [TAG:HEX]...}, numbers in decimal: a message, delivered until it is
 * taken, over as many sessions as it takes. It answers how often it was refused or lost before.
 *
 * <p>{@code raw HEX}: bytes that no library would send, written as they are on the session's own connection; and {@code drip HEX},
 * each byte in a segment of its own. It answers two milliseconds later.
 *
 * <p>What is submitted to it is dealt with by jSMPP's own simulator, as it stands: it answers with an id in hexadecimal, and delivers
 * a receipt with the same id in decimal.
 *
 * <p>{@code load COUNT WINDOW SOURCE DESTINATION LENGTH}: as many messages, no two the same, of which WINDOW are unanswered at a time.
 * It answers the microseconds that they took.
 */
public class Smsc {
  /** Of a session that is open: a slow answer is not a lost one. */
  private static final long PATIENCE_MS = 600_000;

  /** Not run: it would listen on every interface. */
  private static final SMPPServerSimulator SIMULATOR = new SMPPServerSimulator(false, 0, "jsmpp", "");

  private static volatile Bound bound;

  /** A session, its connection, and who waits for an answer over it: jSMPP would have them wait on when it is gone. */
  private record Bound(SMPPServerSession session, Connection connection, Set<Thread> waiting) {}

  public static void main(String[] args) throws Exception {
    var loopback = InetAddress.getLoopbackAddress();
    var socket = args.length > 0
        ? SSLServerSocketFactory.getDefault().createServerSocket(0, 10, loopback)
        : new ServerSocket(0, 10, loopback);
    var connections = new Listening(socket);
    var listener = new SMPPServerSessionListener(socket.getLocalPort(), connections);
    var accepting = new Thread(() -> accept(listener, connections));
    accepting.setDaemon(true);
    accepting.start();
    System.out.println(socket.getLocalPort());
    try (var lines = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(follow(line.split(" ")));
      }
    }
    System.exit(0);
  }

  private static long follow(String[] order) throws Exception {
    return switch (order[0]) {
      case "deliver" -> deliver(order);
      case "raw" -> write(order[1], false);
      case "drip" -> write(order[1], true);
      case "load" -> load(order);
      default -> throw new IllegalArgumentException(order[0]);
    };
  }

  /** jSMPP's own would listen on every interface. */
  private static class Listening implements ServerConnectionFactory {
    private final ServerSocket socket;
    private volatile Connection last;

    Listening(ServerSocket socket) {
      this.socket = socket;
    }

    public ServerConnection listen(int port) {
      return new ServerSocketConnection(socket) {
        @Override
        public Connection accept() throws java.io.IOException {
          last = super.accept();
          return last;
        }
      };
    }

    public ServerConnection listen(int port, int timeout) {
      return listen(port);
    }

    public ServerConnection listen(int port, int timeout, int backlog) {
      return listen(port);
    }
  }

  private static void accept(SMPPServerSessionListener listener, Listening connections) {
    while (true) {
      try {
        var session = listener.accept();
        var one = new Bound(session, connections.last, new HashSet<>());
        session.setTransactionTimer(PATIENCE_MS);
        session.setMessageReceiverListener(SIMULATOR);
        session.setResponseDeliveryListener(SIMULATOR);
        session.addSessionStateListener((state, before, source) -> {
          if (state == SessionState.CLOSED) interrupt(one.waiting);
        });
        session.waitForBind(30_000).accept("jsmpp", InterfaceVersion.IF_34);
        bound = one;
      } catch (Exception gone) {
        // Whoever came has left again: the next is waited for.
      }
    }
  }

  private static void interrupt(Set<Thread> waiting) {
    synchronized (waiting) {
      waiting.forEach(Thread::interrupt);
    }
  }

  private static Bound open() throws InterruptedException {
    for (Bound one = bound; ; one = bound) {
      if (one != null && one.session.getSessionState().isReceivable()) return one;
      Thread.sleep(5);
    }
  }

  private static int write(String hex, boolean drips) throws Exception {
    var one = open();
    var out = one.connection.getOutputStream();
    byte[] bytes = HexFormat.of().parseHex(hex);
    int step = drips ? 1 : bytes.length;
    for (int at = 0; at < bytes.length; at += step) {
      out.write(bytes, at, step);
      out.flush();
      if (drips) Thread.sleep(1);
    }
    Thread.sleep(2);
    return 0;
  }

  private static int deliver(String[] of) throws InterruptedException {
    byte[] bytes = of.length < 6 ? new byte[0] : HexFormat.of().parseHex(of[5]);
    var optional = new OptionalParameter[Math.max(0, of.length - 6)];
    for (int n = 0; n < optional.length; n += 1) {
      var pair = of[n + 6].split(":");
      byte[] value = pair.length < 2 ? new byte[0] : HexFormat.of().parseHex(pair[1]);
      optional[n] = new OptionalParameter.OctetString(Short.parseShort(pair[0]), value);
    }
    return deliver(of[3], of[4], Integer.parseInt(of[1]), Integer.parseInt(of[2]), bytes, optional);
  }

  private static int deliver(
      String source, String destination, int esmClass, int dataCoding, byte[] bytes, OptionalParameter... optional)
      throws InterruptedException {
    for (int attempts = 0; ; attempts += 1) {
      var one = open();
      try {
        synchronized (one.waiting) {
          one.waiting.add(Thread.currentThread());
        }
        one.session.deliverShortMessage(
            "", TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, source,
            TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, destination,
            new ESMClass(esmClass), (byte) 0, (byte) 0,
            new RegisteredDelivery(0), new RawDataCoding((byte) dataCoding), bytes, optional);
        return attempts;
      } catch (Exception refusedOrLost) {
        // It is kept, and delivered again.
      } finally {
        synchronized (one.waiting) {
          one.waiting.remove(Thread.currentThread());
        }
        Thread.interrupted();
      }
      Thread.sleep(50);
    }
  }

  private static long load(String[] of) throws Exception {
    int count = Integer.parseInt(of[1]);
    int length = Integer.parseInt(of[5]);
    var next = new AtomicInteger();
    var senders = new Thread[Integer.parseInt(of[2])];
    long begun = System.nanoTime();
    for (int n = 0; n < senders.length; n += 1) {
      senders[n] = new Thread(() -> {
        try {
          for (int at = next.getAndIncrement(); at < count; at = next.getAndIncrement()) {
            String text = String.format("%-" + length + "s", begun + " " + at);
            deliver(of[3], of[4], 0, 0, text.getBytes(StandardCharsets.US_ASCII));
          }
        } catch (InterruptedException ended) {
          Thread.currentThread().interrupt();
        }
      });
      senders[n].start();
    }
    for (var sender : senders) sender.join();
    return (System.nanoTime() - begun) / 1_000;
  }
}
