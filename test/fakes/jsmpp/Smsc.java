import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicReference;
import org.jsmpp.bean.*;
import org.jsmpp.session.*;
import org.jsmpp.session.connection.ServerConnection;
import org.jsmpp.session.connection.ServerConnectionFactory;
import org.jsmpp.session.connection.socket.ServerSocketConnection;

/**
 * An SMSC of jSMPP's on 127.0.0.1, that takes whoever binds. Each line of its input is a message, which it delivers until it is
 * taken, over as many sessions as it takes: ESM_CLASS DATA_CODING SOURCE DESTINATION HEX, the first two in decimal. It answers
 * each with a line: how often it was refused or lost before it was taken. Its first line is its port.
 */
public class Smsc {
  private static final AtomicReference<SMPPServerSession> bound = new AtomicReference<>();

  public static void main(String[] args) throws Exception {
    var socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    var listener = new SMPPServerSessionListener(socket.getLocalPort(), only(socket));
    var accepting = new Thread(() -> accept(listener));
    accepting.setDaemon(true);
    accepting.start();
    System.out.println(socket.getLocalPort());
    try (var lines = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(deliver(line.split(" ")));
      }
    }
    System.exit(0);
  }

  /** jSMPP's own would listen on every interface. */
  private static ServerConnectionFactory only(ServerSocket socket) {
    return new ServerConnectionFactory() {
      public ServerConnection listen(int port) {
        return new ServerSocketConnection(socket);
      }

      public ServerConnection listen(int port, int timeout) {
        return listen(port);
      }

      public ServerConnection listen(int port, int timeout, int backlog) {
        return listen(port);
      }
    };
  }

  private static void accept(SMPPServerSessionListener listener) {
    while (true) {
      try {
        var session = listener.accept();
        var request = session.waitForBind(30_000);
        request.accept("jsmpp", InterfaceVersion.IF_34);
        bound.set(session);
      } catch (Exception gone) {
        // Whoever came has left again: the next is waited for.
      }
    }
  }

  private static int deliver(String[] of) throws InterruptedException {
    byte[] bytes = of.length < 5 ? new byte[0] : HexFormat.of().parseHex(of[4]);
    for (int attempts = 0; ; attempts += 1) {
      var session = bound.get();
      try {
        if (session != null && session.getSessionState().isReceivable()) {
          session.deliverShortMessage(
              "", TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, of[2],
              TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, of[3],
              new ESMClass(Integer.parseInt(of[0])), (byte) 0, (byte) 0,
              new RegisteredDelivery(0), new RawDataCoding((byte) Integer.parseInt(of[1])), bytes);
          return attempts;
        }
      } catch (Exception refusedOrLost) {
        // It is kept, and delivered again.
      }
      Thread.sleep(50);
    }
  }
}
