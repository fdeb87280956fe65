# Breaks in the way that /payload/case says.
case $(cat /payload/case) in
  hang)
    check "a test that passes" true
    sleep 1000
    ;;
  crash)
    check "a test that passes" true
    echo c >/proc/sysrq-trigger
    ;;
  warning)
    check "a test that passes" true
    # In the words of __warn() of kernel/panic.c.
    echo '<4>WARNING: net/core/dev.c:12 at dev_get+0x1/0x2, CPU#0: ip/99' >/dev/kmsg
    ;;
  failing) check "a test that fails" false ;;
  silent) exit 0 ;;
esac
