#!/bin/sh
# Installs Debian programs that the tests use, if this user may. It starts no services; the tests
# start their own servers.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=""
while read -r program package; do
    command -v "$program" >/dev/null || missing="$missing $package"
done <<LIST
oathtool oathtool
age age
zbarimg zbar-tools
slapd slapd
ldapmodify ldap-utils
strace strace
samba samba samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind
ns-slapd 389-ds-base
certutil libnss3-tools
less less
tmux tmux
screen screen
groff groff-base
zsh zsh
fish fish
Xvfb xvfb
xterm xterm
urxvt rxvt-unicode
gcc gcc
make make
valgrind valgrind
pamtester pamtester
google-authenticator libpam-google-authenticator
sshd openssh-server
ssh openssh-client
sudo sudo
radclient freeradius-utils
plink putty-tools
rsync rsync
systemd-analyze systemd
pgbouncer pgbouncer
ip iproute2
LIST
[ -e /usr/include/security/pam_modules.h ] || missing="$missing libpam0g-dev"
[ -n "$(find /usr/lib -name pam_radius_auth.so 2>/dev/null)" ] || missing="$missing libpam-radius-auth"
[ -n "$(find /usr/lib -name pam_oath.so 2>/dev/null)" ] || missing="$missing libpam-oath"
[ -n "$(find /usr/lib/postgresql -name initdb 2>/dev/null)" ] || missing="$missing postgresql"
[ -e /usr/share/samba/setup/provision.ldif ] || missing="$missing samba-ad-provision"
[ -e /usr/lib/python3/dist-packages/ldapurl.py ] || missing="$missing python3-ldap"
[ -e /usr/share/terminfo/s/screen.linux ] || missing="$missing ncurses-term"
[ -e /usr/share/fonts/X11/misc ] || missing="$missing xfonts-base"
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf ] || missing="$missing fonts-dejavu-core"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "No apt-get here: tests that need$missing are skipped"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
        exec sudo sh "$0"
    fi
    echo "No right to install$missing: the tests that need them are skipped"
    exit 0
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "Installing Debian packages that the tests use:$missing (make test-deps does only this)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list
apt-get install -y -qq --no-install-recommends $missing
disable=""
case "$missing " in *" slapd "*) disable="slapd" ;; esac
case "$missing " in *" openssh-server "*) disable="$disable ssh" ;; esac
case "$missing " in *" pgbouncer "*) disable="$disable pgbouncer" ;; esac
case "$missing " in *" postgresql "*) disable="$disable postgresql" ;; esac
case "$missing " in *" samba "*) disable="$disable samba-ad-dc smbd nmbd winbind" ;; esac
for service in $disable; do
    update-rc.d "$service" disable >/dev/null 2>&1 || true
done
