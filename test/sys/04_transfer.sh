# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 4. Two guests and dom0 on a bridge: 64 MiB by TCP, checksummed, each way between the guests and between one and dom0
# needs: timeout=300
. /test/lib.sh

# Everybody serves 64 MiB of its own by HTTP and, told an address, fetches another's. Random numbers are slow to make: there
# are 4 MiB of them, and each of 17 times a number before them
bridge_up xenbr0 192.168.77.1/24
data='mkdir /www
head -c 4194304 /dev/urandom >/tmp/seed
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
    echo $n
    cat /tmp/seed
done | head -c 67108864 >/www/data
'
member=$data'
echo "@@OWN $(md5sum </www/data)"
httpd -p 80 -h /www
'
for number in 2 3; do
    guest "g$number" "memory = 256" "vif = ['bridge=xenbr0']" <<END
$member
until_true ip link set eth0 up
ip addr add 192.168.77.$number/24 dev eth0
echo "@@READY"
while read -r peer; do
    echo "@@FROM \$peer \$(wget -q -O - http://\$peer/data | md5sum)"
done
END
done
eval "$data"
httpd -p 80 -h /www

sum() { # guest, word
    sed -n "s/.*@@$2 \([0-9a-f]\{32\}\).*/\1/p" "$logs/guest-$1.log"
}

step "create two guests"
try xl create /tmp/g2.cfg
try xl create /tmp/g3.cfg
guest_says g2 @@READY
guest_says g3 @@READY
step "g3 to g2"
guest_told g2 192.168.77.3
guest_says g2 "@@FROM 192.168.77.3"
same "g3's data at g2" "$(sum g3 OWN)" "$(sum g2 'FROM 192.168.77.3')"
step "g2 to g3"
guest_told g3 192.168.77.2
guest_says g3 "@@FROM 192.168.77.2"
same "g2's data at g3" "$(sum g2 OWN)" "$(sum g3 'FROM 192.168.77.2')"
step "g2 to dom0"
same "g2's data at dom0" "$(sum g2 OWN)" "$(wget -q -O - http://192.168.77.2/data | md5sum | cut -d' ' -f1)"
step "dom0 to g2"
guest_told g2 192.168.77.1
guest_says g2 "@@FROM 192.168.77.1"
same "dom0's data at g2" "$(md5sum </www/data | cut -d' ' -f1)" "$(sum g2 'FROM 192.168.77.1')"
pass
